// Package gradcheck compares backward passes with finite differences and with GoMLX's automatic differentiation.
//
// It computes in double precision, since a difference of two nearly equal numbers loses half of the digits.
package gradcheck

import (
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
)

// RelError returns the assignment's error measure, the largest relative difference of two arrays:
//
//	max |x − y| / max(1e-8, |x| + |y|)
//
// It returns NaN if either array contains NaN. It panics if the lengths differ.
func RelError(x, y []float64) float64 {
	if len(x) != len(y) {
		panic(fmt.Errorf("gradcheck: RelError of arrays with %d and %d values", len(x), len(y)))
	}
	if len(x) == 0 {
		return 0
	}
	i := worst(x, y)
	return relError(x[i], y[i])
}

// worst returns the index of the largest error, or of the first NaN.
func worst(x, y []float64) int {
	worst, most := 0, 0.0
	for i := range x {
		e := relError(x[i], y[i])
		if math.IsNaN(e) {
			return i
		}
		if e > most {
			worst, most = i, e
		}
	}
	return worst
}

func relError(x, y float64) float64 {
	return math.Abs(x-y) / math.Max(1e-8, math.Abs(x)+math.Abs(y))
}

// indexOf converts a position in row-major order to an index along each axis.
func indexOf(i int, dims []int) []int {
	index := make([]int, len(dims))
	for axis, dim := range slices.Backward(dims) {
		index[axis], i = i%dim, i/dim
	}
	return index
}

// Compare returns [RelError] of an array and the expected values in row-major order. It returns an error that names the
// worst element if RelError is not below the threshold, and an error if the number of values differs.
func Compare(name string, got *tensors.Tensor, want []float64, threshold float64) (float64, error) {
	values, err := float64s(got)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	if len(values) != len(want) {
		return 0, fmt.Errorf("%s has %d values, in the shape %v, instead of %d", name, len(values), got.Shape().Dimensions, len(want))
	}
	e := RelError(values, want)
	if !(e < threshold) {
		i := worst(values, want)
		return e, fmt.Errorf("%s is wrong: its error %.2g is not below %g; at %v it is %.9g instead of %.9g",
			name, e, threshold, indexOf(i, got.Shape().Dimensions), values[i], want[i])
	}
	return e, nil
}

// float64s returns the values of a floating-point array.
func float64s(t *tensors.Tensor) ([]float64, error) {
	if t.DType() != dtypes.Float32 {
		return tensors.CopyFlatData[float64](t)
	}
	single, err := tensors.CopyFlatData[float32](t)
	double := make([]float64, len(single))
	for i, v := range single {
		double[i] = float64(v)
	}
	return double, err
}
