package cases

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/floats"
)

// explain names a usual mistake with this effect, or returns "". It names none unless the numbers show it.
func explain(want, got Array, all []Array) string {
	w, g := want.Values(), got.Values()
	switch {
	case slices.ContainsFunc(g, math.IsNaN):
		return "NaN comes from 0/0, from ∞ − ∞ or from the logarithm of a negative number"
	case slices.ContainsFunc(g, func(v float64) bool { return math.IsInf(v, 0) }):
		return "∞ comes from an exponential that overflows, from the logarithm of 0 or from a division by 0"
	case len(w) == 1:
		return scalar(want.Name, w[0], g[0])
	case same(g, make([]float64, len(g))):
		return "it is zero everywhere"
	case slices.Max(g) == slices.Min(g):
		return "it has the same value everywhere"
	}
	if other := twin(want, got, all); other != "" {
		return other
	}
	for _, words := range []func(Array, []float64) string{scaled, shifted, transposed, moved, repeated, signs, nonzero, partly} {
		if text := words(want, g); text != "" {
			return text
		}
	}
	return ""
}

// scalar explains a single number. Only a loss has factors that mean something.
func scalar(name string, want, got float64) string {
	if name != "loss" || want == 0 {
		return ""
	}
	return named(got / want)
}

// twin recognizes another result in place of the wanted one.
func twin(want, got Array, all []Array) string {
	for _, other := range all {
		if other.Name != want.Name && slices.Equal(other.Dims, got.Dims) && same(other.Values(), got.Values()) {
			return fmt.Sprintf("that is %s; check the order of the results", other.Name)
		}
	}
	return ""
}

// scaled recognizes a constant factor.
func scaled(want Array, got []float64) string {
	w := want.Values()
	square := floats.Dot(w, w)
	if square == 0 {
		return ""
	}
	factor := floats.Dot(w, got) / square
	if factor == 0 || !same(floats.ScaleTo(make([]float64, len(w)), factor, w), got) {
		return ""
	}
	if words := named(factor); words != "" {
		return words
	}
	return fmt.Sprintf("it is %.4g times what it should be everywhere", factor)
}

// named names a factor that a usual mistake causes, or returns "".
func named(factor float64) string {
	is := func(x float64) bool { return math.Abs(factor-x) < 1e-4*math.Abs(x) }
	large, small := math.Round(factor), math.Round(1/factor)
	switch {
	case is(-1):
		return "the sign is wrong"
	case is(2), is(0.5):
		return fmt.Sprintf("it is off by a factor of %g", math.Round(2*factor)/2)
	case is(-2), is(-0.5):
		return fmt.Sprintf("the sign is wrong, and it is off by a factor of %g", -math.Round(2*factor)/2)
	case large > 2 && is(large):
		return fmt.Sprintf("it is %g times too large; a sum in place of a mean has this effect", large)
	case small > 2 && is(1/small):
		return fmt.Sprintf("it is %g times too small; a mean in place of a sum has this effect", small)
	}
	return ""
}

// shifted recognizes a constant summand.
func shifted(want Array, got []float64) string {
	difference := floats.SubTo(make([]float64, len(got)), got, want.Values())
	switch d := difference[0]; {
	case len(got) < 3 || slices.Max(difference)-slices.Min(difference) > Tolerance*math.Abs(d):
		return ""
	case d > 0:
		return fmt.Sprintf("every value is %.4g too large", d)
	default:
		return fmt.Sprintf("every value is %.4g too small", -d)
	}
}

// transposed recognizes a square matrix whose axes are swapped.
func transposed(want Array, got []float64) string {
	if len(want.Dims) != 2 || want.Dims[0] != want.Dims[1] || want.Dims[0] < 2 {
		return ""
	}
	n, w := want.Dims[0], want.Values()
	for i := range n {
		for j := range i {
			w[i*n+j], w[j*n+i] = w[j*n+i], w[i*n+j]
		}
	}
	if same(w, got) {
		return "it is transposed"
	}
	return ""
}

// moved recognizes an axis whose order is reversed or that is shifted by one index.
func moved(want Array, got []float64) string {
	w := want.Values()
	agree := func(axis int, from func(i int) int) bool {
		n, compared := want.Dims[axis], 0
		for i := range n {
			if j := from(i); j >= 0 && j < n {
				if compared++; !same(along(want.Dims, axis, j, w), along(want.Dims, axis, i, got)) {
					return false
				}
			}
		}
		return compared > 1 && len(rightAlong(want.Dims, axis, w, got)) <= n/2
	}
	for axis, n := range want.Dims {
		switch {
		case n > 1 && agree(axis, func(i int) int { return n - 1 - i }):
			return fmt.Sprintf("it is in reverse order along axis %d", axis)
		case agree(axis, func(i int) int { return i - 1 }):
			return fmt.Sprintf("along axis %d, index i has the values that belong at index i − 1", axis)
		case agree(axis, func(i int) int { return i + 1 }):
			return fmt.Sprintf("along axis %d, index i has the values that belong at index i + 1", axis)
		}
	}
	return ""
}

// repeated recognizes equal values at all indices of an axis.
func repeated(want Array, got []float64) string {
	equal := func(axis int, values []float64) bool {
		first := along(want.Dims, axis, 0, values)
		for i := range want.Dims[axis] {
			if !same(first, along(want.Dims, axis, i, values)) {
				return false
			}
		}
		return len(first) > 1 && want.Dims[axis] > 1
	}
	for axis := range want.Dims {
		if equal(axis, got) && !equal(axis, want.Values()) {
			return fmt.Sprintf("it is the same at every index of axis %d: something is broadcast that should differ", axis)
		}
	}
	return ""
}

// signs recognizes values of which some have the wrong sign and all the right size.
func signs(want Array, got []float64) string {
	w, most := want.Values(), limit(want.Values())
	for i := range w {
		if math.Abs(math.Abs(w[i])-math.Abs(got[i])) > most {
			return ""
		}
	}
	return "the signs of some values are wrong"
}

// nonzero recognizes values that should be zero.
func nonzero(want Array, got []float64) string {
	count := 0
	for i, w := range want.Values() {
		if w == 0 && got[i] == 0 {
			return ""
		}
		if w == 0 {
			count++
		}
	}
	if count < 2 {
		return ""
	}
	return fmt.Sprintf("%d values should be 0 and are not", count)
}

// partly says which part of the values is right.
func partly(want Array, got []float64) string {
	w, most, wrong := want.Values(), limit(want.Values()), 0
	for i := range w {
		if !(math.Abs(w[i]-got[i]) <= most) {
			wrong++
		}
	}
	var axes []string
	for axis, n := range want.Dims {
		if good := rightAlong(want.Dims, axis, w, got); len(good) > 0 && len(good) < n && regular(good) {
			axes = append(axes, fmt.Sprintf("at index %s of axis %d", listed(good), axis))
		}
	}
	switch {
	case len(axes) > 0:
		return "it is right only " + strings.Join(axes, " and ")
	case wrong < len(w):
		return fmt.Sprintf("%d of %d values are wrong", wrong, len(w))
	}
	return ""
}

// along returns the values at one index of an axis.
func along(dims []int, axis, i int, values []float64) []float64 {
	var out []float64
	for at, v := range values {
		if index(at, dims)[axis] == i {
			out = append(out, v)
		}
	}
	return out
}

// rightAlong lists the indices of an axis at which all values agree.
func rightAlong(dims []int, axis int, want, got []float64) []int {
	wrong, most := make([]bool, dims[axis]), limit(want)
	for at := range want {
		if !(math.Abs(want[at]-got[at]) <= most) {
			wrong[index(at, dims)[axis]] = true
		}
	}
	var list []int
	for i, bad := range wrong {
		if !bad {
			list = append(list, i)
		}
	}
	return list
}

// regular reports whether indices have equal distances. Others are right by chance.
func regular(list []int) bool {
	for i := 2; i < len(list); i++ {
		if list[i]-list[i-1] != list[1]-list[0] {
			return false
		}
	}
	return len(list) != 2 || list[1]-list[0] == 1
}

func listed(values []int) string {
	if n := len(values); n > 2 && values[n-1]-values[0] == n-1 {
		return fmt.Sprintf("%d to %d", values[0], values[n-1])
	}
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(values), " ", ", "), "[]")
}
