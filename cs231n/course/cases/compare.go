package cases

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
)

// Tolerance is the largest difference that counts as equal, relative to the largest expected value of an array. Right
// solutions differ by rounding: by about 1e-15 in Float64, and 1e-6 in Float32.
const Tolerance = 1e-5

// Differences returns a line for each result that is wrong, in the words of someone who has seen many wrong solutions. It is
// empty if all results agree.
func Differences(want, got []Array) []string {
	switch missing := len(want) - len(got); {
	case missing == 1:
		return []string{fmt.Sprintf("1 of %d results is missing", len(want))}
	case missing > 1:
		return []string{fmt.Sprintf("%d of %d results are missing", missing, len(want))}
	}
	var lines []string
	for i, w := range want {
		if line := one(w, got[i], want); line != "" {
			lines = append(lines, w.Name+" "+line)
		}
	}
	return lines
}

// one describes how a result differs from the expected one, or returns "" if it does not.
func one(want, got Array, all []Array) string {
	w, g := want.Values(), got.Values()
	if !slices.Equal(want.Dims, got.Dims) {
		return wrongShape(want, got, all)
	}
	if len(w) != len(g) {
		return fmt.Sprintf("has %d values instead of %d", len(g), len(w))
	}
	at := worst(w, g)
	if at < 0 {
		return ""
	}
	line := fmt.Sprintf("is %s instead of %s", number(g[at]), number(w[at]))
	if len(want.Dims) > 0 {
		line = fmt.Sprintf("is %s instead of %s at %v", number(g[at]), number(w[at]), index(at, want.Dims))
	}
	if words := explain(want, got, all); words != "" {
		line += ": " + words
	}
	return line
}

// limit is the largest difference from the expected values that counts as equal.
func limit(want []float64) float64 {
	return Tolerance * math.Max(floats.Norm(finite(want), math.Inf(1)), 1e-8)
}

// worst returns the index of the largest difference, or −1 if all values agree.
func worst(want, got []float64) int {
	at, most := -1, limit(want)
	for i := range want {
		if want[i] == got[i] || math.IsNaN(want[i]) && math.IsNaN(got[i]) {
			continue
		}
		if d := math.Abs(want[i] - got[i]); !(d <= most) {
			if at = i; math.IsNaN(d) {
				return at
			}
			most = d
		}
	}
	return at
}

// finite replaces infinities and NaN by 0.
func finite(values []float64) []float64 {
	out := slices.Clone(values)
	for i, v := range out {
		if math.IsInf(v, 0) || math.IsNaN(v) {
			out[i] = 0
		}
	}
	return out
}

// same reports whether values agree.
func same(a, b []float64) bool { return len(a) == len(b) && worst(a, b) < 0 }

// index returns the indices of a position in row-major order.
func index(at int, dims []int) []int {
	out := make([]int, len(dims))
	for axis := len(dims) - 1; axis >= 0; axis-- {
		out[axis] = at % dims[axis]
		at /= dims[axis]
	}
	return out
}

func number(v float64) string { return fmt.Sprintf("%.6g", v) }
