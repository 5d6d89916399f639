package cases

import (
	"fmt"
	"slices"
)

// wrongShape describes a result with another shape than the expected one.
func wrongShape(want, got Array, all []Array) string {
	line := fmt.Sprintf("has the shape %v instead of %v", got.Dims, want.Dims)
	if words := explainShape(want, got, all); words != "" {
		return line + ": " + words
	}
	return line
}

func explainShape(want, got Array, all []Array) string {
	if other := twin(want, got, all); other != "" {
		return other
	}
	w, g := want.Dims, got.Dims
	for i := range g {
		if slices.Equal(slices.Delete(slices.Clone(g), i, i+1), w) {
			if g[i] == 1 {
				return "remove the axis of size 1 (Squeeze), or do not keep it in a sum"
			}
			return fmt.Sprintf("axis %d is too many; sum over it or select one index", i)
		}
	}
	for i := range w {
		if slices.Equal(slices.Delete(slices.Clone(w), i, i+1), g) {
			return fmt.Sprintf("axis %d is missing; do not sum over it", i)
		}
	}
	for i := range g {
		for j := range i {
			swapped := slices.Clone(g)
			swapped[i], swapped[j] = swapped[j], swapped[i]
			switch {
			case slices.Equal(swapped, w) && len(w) == 2:
				return "it is transposed"
			case slices.Equal(swapped, w):
				return fmt.Sprintf("axes %d and %d are swapped", j, i)
			}
		}
	}
	for _, other := range all {
		if other.Name != want.Name && slices.Equal(other.Dims, g) {
			return fmt.Sprintf("that is the shape of %s; check the order of the results", other.Name)
		}
	}
	if len(want.Data) == len(got.Data) {
		return "the number of values is right; a Reshape or a layer such as nn.Flatten is missing or too many"
	}
	return ""
}
