package cases_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/course/cases"
)

// numbers returns values without a pattern.
func numbers(n int) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = math.Sin(float64(i*i + 1))
	}
	return values
}

// changed applies a function to values.
func changed(values []float64, f func(i int, v float64) float64) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = f(i, v)
	}
	return out
}

// TestDifferences checks the words for each kind of wrong values of an array (3, 4).
func TestDifferences(t *testing.T) {
	t.Parallel()
	v := numbers(12)
	from := func(at func(row, column int) int) []float64 {
		return changed(v, func(i int, _ float64) float64 { return v[at(i/4, i%4)] })
	}
	scaled := func(factor float64) []float64 {
		return changed(v, func(_ int, x float64) float64 { return factor * x })
	}
	for words, got := range map[string][]float64{
		"NaN comes from 0/0, from ∞ − ∞ or from the logarithm of a negative number":                   changed(v, func(i int, x float64) float64 { return math.Sqrt(float64(i-1)) * x }),
		"∞ comes from an exponential that overflows, from the logarithm of 0 or from a division by 0": changed(v, func(i int, x float64) float64 { return x / float64(i) }),
		"it is zero everywhere":                                                              make([]float64, 12),
		"it has the same value everywhere":                                                   changed(v, func(int, float64) float64 { return 0.5 }),
		"the sign is wrong":                                                                  scaled(-1),
		"it is off by a factor of 2":                                                         scaled(2),
		"it is off by a factor of 0.5":                                                       scaled(0.5),
		"the sign is wrong, and it is off by a factor of 2":                                  scaled(-2),
		"it is 4 times too large; a sum in place of a mean has this effect":                  scaled(4),
		"it is 3 times too small; a mean in place of a sum has this effect":                  scaled(1. / 3),
		"it is 1.3 times what it should be everywhere":                                       scaled(1.3),
		"every value is 0.25 too large":                                                      changed(v, func(_ int, x float64) float64 { return x + 0.25 }),
		"every value is 0.25 too small":                                                      changed(v, func(_ int, x float64) float64 { return x - 0.25 }),
		"it is in reverse order along axis 0":                                                from(func(i, j int) int { return (2-i)*4 + j }),
		"it is in reverse order along axis 1":                                                from(func(i, j int) int { return i*4 + 3 - j }),
		"along axis 1, index i has the values that belong at index i − 1":                    from(func(i, j int) int { return i*4 + max(j-1, 0) }),
		"along axis 0, index i has the values that belong at index i + 1":                    from(func(i, j int) int { return min(i+1, 2)*4 + j }),
		"it is the same at every index of axis 0: something is broadcast that should differ": from(func(_, j int) int { return j }),
		"it is the same at every index of axis 1: something is broadcast that should differ": from(func(i, _ int) int { return i * 4 }),
		"the signs of some values are wrong":                                                 changed(v, func(_ int, x float64) float64 { return math.Abs(x) }),
		"it is right only at index 0 of axis 1":                                              changed(v, func(i int, x float64) float64 { return x + float64(i%4) }),
		"it is right only at index 1, 2 of axis 0":                                           changed(v, func(i int, x float64) float64 { return x + float64(max(0, 4-i)) }),
		"it is right only at index 0 of axis 0 and at index 0 to 2 of axis 1":                changed(v, func(i int, x float64) float64 { return x + float64(i/4*(i%4/3))*x }),
		"4 of 12 values are wrong":                                                           changed(v, func(i int, x float64) float64 { return x + []float64{1, 0, 0, 3, 0, 2, 0, 0, 0, 0, 3.5, 0}[i] }),
		"":                                                                                   numbers(24)[12:],
	} {
		lines := cases.Differences([]cases.Array{cases.NewArray("h", v, 3, 4)}, []cases.Array{cases.NewArray("h", got, 3, 4)})
		require.Len(t, lines, 1, words)
		if words == "" {
			require.Regexp(t, `^h is \S+ instead of \S+ at \[\d \d\]$`, lines[0])
		} else {
			require.Regexp(t, `^h is \S+ instead of \S+ at \[\d \d\]: `, lines[0])
			require.Contains(t, lines[0]+"$", ": "+words+"$")
		}
	}
}

// TestDifferencesOfMatrix checks what only a square matrix or one with zeros can show.
func TestDifferencesOfMatrix(t *testing.T) {
	t.Parallel()
	differences := func(want, got []float64) string {
		lines := cases.Differences([]cases.Array{cases.NewArray("w", want, 2, 2)}, []cases.Array{cases.NewArray("w", got, 2, 2)})
		require.Len(t, lines, 1)
		return lines[0]
	}
	require.Equal(t, "w is 3 instead of 2 at [0 1]: it is transposed", differences([]float64{1, 2, 3, 4}, []float64{1, 3, 2, 4}))
	require.Equal(t, "w is 0.75 instead of 1 at [0 0]: 2 values should be 0 and are not", differences([]float64{1, 0, 1, 0}, []float64{0.75, 0.25, 0.8, 0.2}))
	require.Equal(t, "w is 0.25 instead of 0 at [0 1]: it is right only at index 1 of axis 0", differences([]float64{1, 0, 0.5, 0}, []float64{0.9, 0.25, 0.5, 0}))
}

// TestDifferencesOfResults checks the words for several results.
func TestDifferencesOfResults(t *testing.T) {
	t.Parallel()
	a, b := cases.NewArray("dx", numbers(12), 3, 4), cases.NewArray("dh", numbers(24)[12:], 3, 4)
	c := cases.NewArray("db", numbers(4), 4)
	require.Empty(t, cases.Differences([]cases.Array{a, b}, []cases.Array{a, b}))
	require.Equal(t, []string{"1 of 2 results is missing"}, cases.Differences([]cases.Array{a, b}, []cases.Array{a}))
	lines := cases.Differences([]cases.Array{a, b, c}, []cases.Array{b, a, c})
	require.Len(t, lines, 2)
	require.Regexp(t, `^dx is .*: that is dh; check the order of the results$`, lines[0])
	require.Regexp(t, `^dh is .*: that is dx; check the order of the results$`, lines[1])
	lines = cases.Differences([]cases.Array{a, c}, []cases.Array{c, a})
	require.Equal(t, "dx has the shape [4] instead of [3 4]: that is db; check the order of the results", lines[0])
}

// TestDifferencesOfShapes checks the words for wrong shapes.
func TestDifferencesOfShapes(t *testing.T) {
	t.Parallel()
	other := cases.NewArray("dh", numbers(10), 5, 2)
	for _, c := range []struct {
		want, got []int
		words     string
	}{
		{[]int{3, 4}, []int{4, 3}, ": it is transposed"},
		{[]int{2, 3, 4}, []int{3, 2, 4}, ": axes 0 and 1 are swapped"},
		{[]int{2, 3, 4}, []int{2, 1, 3, 4}, ": remove the axis of size 1 (Squeeze), or do not keep it in a sum"},
		{[]int{4}, []int{3, 4}, ": axis 0 is too many; sum over it or select one index"},
		{[]int{3, 4}, []int{4}, ": axis 0 is missing; do not sum over it"},
		{[]int{}, []int{7}, ": axis 0 is too many; sum over it or select one index"},
		{[]int{}, []int{1}, ": remove the axis of size 1 (Squeeze), or do not keep it in a sum"},
		{[]int{3, 4}, []int{5, 2}, ": that is the shape of dh; check the order of the results"},
		{[]int{3, 4}, []int{2, 2, 3}, ": the number of values is right; a Reshape or a layer such as nn.Flatten is missing or too many"},
		{[]int{3, 4}, []int{7}, ""},
	} {
		size := func(dims []int) int {
			n := 1
			for _, d := range dims {
				n *= d
			}
			return n
		}
		want := cases.NewArray("dx", numbers(size(c.want)), c.want...)
		got := cases.NewArray("dx", changed(numbers(size(c.got)), func(_ int, v float64) float64 { return v + 9 }), c.got...)
		lines := cases.Differences([]cases.Array{want, other}, []cases.Array{got, other})
		require.Len(t, lines, 1)
		require.Regexp(t, `^dx has the shape \[[0-9 ]*\] instead of \[[0-9 ]*\]`, lines[0])
		require.Equal(t, c.words, lines[0][len("dx has the shape  instead of ")+len(text(c.want))+len(text(c.got)):], "%v", c)
	}
	short := cases.NewArray("dx", numbers(11), 3, 4)
	require.Equal(t, []string{"dx has 11 values instead of 12"}, cases.Differences([]cases.Array{cases.NewArray("dx", numbers(12), 3, 4)}, []cases.Array{short}))
}

func text(dims []int) string { return fmt.Sprint(dims) }

// TestDifferencesOfNumbers checks that only losses have factors with a meaning.
func TestDifferencesOfNumbers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		want, got float64
		line      string
	}{
		{"loss", 1.5, -1.5, "loss is -1.5 instead of 1.5: the sign is wrong"},
		{"loss", 1.5, 3, "loss is 3 instead of 1.5: it is off by a factor of 2"},
		{"loss", 1.5, 15, "loss is 15 instead of 1.5: it is 10 times too large; a sum in place of a mean has this effect"},
		{"loss", 1.5, 1.7, "loss is 1.7 instead of 1.5"},
		{"loss", 0, 1.7, "loss is 1.7 instead of 0"},
		{"loss", 1.5, math.Inf(1), "loss is +Inf instead of 1.5: ∞ comes from an exponential that overflows, from the logarithm of 0 or from a division by 0"},
		{"learning rate", 0.001, 0.01, "learning rate is 0.01 instead of 0.001"},
	} {
		lines := cases.Differences([]cases.Array{cases.NewArray(c.name, []float64{c.want})}, []cases.Array{cases.NewArray(c.name, []float64{c.got})})
		require.Equal(t, []string{c.line}, lines)
	}
}
