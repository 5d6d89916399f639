package cases

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/floats"
)

// Tolerance is the largest difference that counts as equal, relative to the largest expected value of an array. Right
// solutions differ by rounding: by about 1e-15 in Float64, and 1e-6 in Float32.
const Tolerance = 1e-5

// Differences returns a line for each result that is wrong, in the words of someone who has seen many wrong solutions. It is
// empty if all results agree.
func Differences(want, got []Array) []string {
	if len(got) < len(want) {
		return []string{fmt.Sprintf("%d results are missing", len(want)-len(got))}
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

func wrongShape(want, got Array, all []Array) string {
	line := fmt.Sprintf("has the shape %v instead of %v", got.Dims, want.Dims)
	reversed := slices.Clone(got.Dims)
	slices.Reverse(reversed)
	switch {
	case slices.Equal(reversed, want.Dims) && len(reversed) > 1:
		return line + ": it is transposed"
	case len(got.Dims) == len(want.Dims)+1 && slices.Contains(got.Dims, 1):
		return line + ": remove the axis of size 1 (Squeeze), or do not keep it in a sum"
	case len(got.Dims) == len(want.Dims)+1:
		return line + ": sum over the axis that is too many, usually the batch"
	case len(got.Dims)+1 == len(want.Dims):
		return line + ": an axis is missing; do not sum over it"
	}
	for _, other := range all {
		if other.Name != want.Name && slices.Equal(other.Dims, got.Dims) {
			return line + fmt.Sprintf(": that is the shape of %s; check the order of the results", other.Name)
		}
	}
	return line
}

// worst returns the index of the largest difference, or −1 if all values agree.
func worst(want, got []float64) int {
	at, most := -1, Tolerance*math.Max(floats.Norm(finite(want), math.Inf(1)), 1e-8)
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

// explain names a usual mistake with this effect, or returns "".
func explain(want, got Array, all []Array) string {
	w, g := want.Values(), got.Values()
	switch {
	case slices.ContainsFunc(g, math.IsNaN):
		return "NaN comes from 0/0, from ∞ − ∞ or from the logarithm of a negative number"
	case slices.ContainsFunc(g, func(v float64) bool { return math.IsInf(v, 0) }):
		return "an exponential overflows, or a number is divided by zero; use a stable form"
	case same(g, make([]float64, len(g))):
		return "it is zero everywhere"
	case len(g) > 1 && slices.Max(g) == slices.Min(g):
		return "it has the same value everywhere"
	}
	for _, other := range all {
		if other.Name != want.Name && slices.Equal(other.Dims, got.Dims) && same(g, other.Values()) {
			return fmt.Sprintf("that is %s; check the order of the results", other.Name)
		}
	}
	if words := scaled(want, g); words != "" {
		return words
	}
	if words := transposed(want, g); words != "" {
		return words
	}
	if len(w) > 1 {
		return partly(want, g)
	}
	return ""
}

// same reports whether values agree.
func same(a, b []float64) bool { return len(a) == len(b) && worst(a, b) < 0 }

// scaled recognizes a constant factor or summand.
func scaled(want Array, got []float64) string {
	w := want.Values()
	square := floats.Dot(w, w)
	if square == 0 {
		return ""
	}
	factor := floats.Dot(w, got) / square
	if factor != 0 && same(floats.ScaleTo(make([]float64, len(w)), factor, w), got) {
		if math.Abs(factor+1) < 1e-4 {
			return "the sign is wrong"
		}
		if words := named(factor, want.Dims); words != "" {
			return words
		}
		return fmt.Sprintf("it is %.4g times what it should be everywhere", factor)
	}
	difference := floats.SubTo(make([]float64, len(w)), got, w)
	if len(w) > 2 && slices.Max(difference)-slices.Min(difference) < Tolerance*math.Abs(difference[0]) {
		return fmt.Sprintf("every value is %.4g too large", difference[0])
	}
	return ""
}

// named names a factor that a usual mistake causes.
func named(factor float64, dims []int) string {
	is := func(x float64) bool { return math.Abs(factor-x) < 1e-4*math.Abs(x) }
	switch {
	case is(2), is(0.5):
		return fmt.Sprintf("it is off by a factor of %g", factor)
	case is(-2), is(-0.5):
		return fmt.Sprintf("the sign is wrong, and it is off by a factor of %g", -factor)
	}
	for axis, n := range dims {
		switch {
		case n > 2 && is(float64(n)):
			return fmt.Sprintf("it is %d times too large, the size of axis %d: a sum where a mean belongs", n, axis)
		case n > 2 && is(1/float64(n)):
			return fmt.Sprintf("it is %d times too small, the size of axis %d: a mean where a sum belongs", n, axis)
		}
	}
	return ""
}

// transposed recognizes a square matrix whose axes are swapped.
func transposed(want Array, got []float64) string {
	if len(want.Dims) != 2 || want.Dims[0] != want.Dims[1] || want.Dims[0] < 2 {
		return ""
	}
	n, w := want.Dims[0], want.Values()
	swapped := make([]float64, len(w))
	for i := range n {
		for j := range n {
			swapped[j*n+i] = w[i*n+j]
		}
	}
	if same(swapped, got) {
		return "it is transposed"
	}
	return ""
}

// partly says which part of the values is right.
func partly(want Array, got []float64) string {
	w := want.Values()
	wrong, negated := 0, 0
	for i := range w {
		if worst(w[i:i+1], got[i:i+1]) >= 0 {
			wrong++
			if worst(w[i:i+1], []float64{-got[i]}) < 0 {
				negated++
			}
		}
	}
	if negated == wrong && wrong > 1 {
		return "the signs of some values are wrong"
	}
	axes := []string{}
	for axis, n := range want.Dims {
		if n < 2 {
			continue
		}
		good := rightAlong(want.Dims, axis, w, got)
		if len(good) > 0 && len(good) < n {
			axes = append(axes, fmt.Sprintf("index %s of axis %d", listed(good), axis))
		}
	}
	switch {
	case len(axes) > 0:
		return "only " + strings.Join(axes, " and ") + " is right"
	case wrong < len(w):
		return fmt.Sprintf("%d of %d values are wrong", wrong, len(w))
	case repeated(want.Dims, got) && !repeated(want.Dims, w):
		return "all rows are equal: something is broadcast that should differ"
	}
	return ""
}

// rightAlong lists the indices of an axis at which all values agree.
func rightAlong(dims []int, axis int, want, got []float64) []int {
	good := make([]bool, dims[axis])
	for i := range good {
		good[i] = true
	}
	scale := Tolerance * math.Max(floats.Norm(finite(want), math.Inf(1)), 1e-8)
	for i := range want {
		if !(math.Abs(want[i]-got[i]) <= scale) {
			good[index(i, dims)[axis]] = false
		}
	}
	var list []int
	for i, ok := range good {
		if ok {
			list = append(list, i)
		}
	}
	return list
}

// repeated reports whether all rows of an array are equal.
func repeated(dims []int, values []float64) bool {
	if len(dims) < 2 || dims[0] < 2 {
		return false
	}
	size := len(values) / dims[0]
	for i := 1; i < dims[0]; i++ {
		if !slices.Equal(values[:size], values[i*size:(i+1)*size]) {
			return false
		}
	}
	return true
}

// index returns the indices of a position in row-major order.
func index(at int, dims []int) []int {
	out := make([]int, len(dims))
	for axis := len(dims) - 1; axis >= 0; axis-- {
		out[axis] = at % dims[axis]
		at /= dims[axis]
	}
	return out
}

func listed(values []int) string {
	if n := len(values); n > 2 && values[n-1]-values[0] == n-1 {
		return fmt.Sprintf("%d to %d", values[0], values[n-1])
	}
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(values), " ", ", "), "[]")
}

func number(v float64) string { return fmt.Sprintf("%.6g", v) }
