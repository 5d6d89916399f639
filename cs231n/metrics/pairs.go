package metrics

import (
	"fmt"
	"math"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/mat"
)

// float is the type of the values of a set.
type float interface{ float32 | float64 }

// A set is a list of points, one row for each.
type set[T float] struct {
	name  string // for error messages
	data  []T    // (rows, width)
	rows  int
	width int
}

// most is the largest absolute value. The square of a larger one can exceed the range of float32.
const most = 1e15

// newSet refuses values that are no numbers or too large.
func newSet[T float](name string, data []T, width int) (set[T], error) {
	if width < 1 || len(data) == 0 || len(data)%width != 0 {
		return set[T]{}, fmt.Errorf("metrics: %s has %d values, which are no rows of %d; give one whole row at least", name, len(data), width)
	}
	for i, v := range data {
		if !(math.Abs(float64(v)) <= most) { // NaN too
			return set[T]{}, fmt.Errorf("metrics: %s: value %d of row %d is %v; give numbers of at most %g", name, i%width, i/width, v, most)
		}
	}
	return set[T]{name, data, len(data) / width, width}, nil
}

// newSets returns two sets of features with the same width.
func newSets(nameA string, a *mat.Dense, nameB string, b *mat.Dense) (setA, setB set[float64], err error) {
	if setA, err = fromDense(nameA, a); err != nil {
		return setA, setB, err
	}
	if setB, err = fromDense(nameB, b); err != nil {
		return setA, setB, err
	}
	if setA.width != setB.width {
		err = fmt.Errorf("metrics: %s has %d features and %s has %d; compute both with the same classifier", nameA, setA.width, nameB, setB.width)
	}
	return setA, setB, err
}

func fromDense(name string, x *mat.Dense) (set[float64], error) {
	_, width := x.Dims()
	if x.RawMatrix().Stride != width { // a part of another matrix
		x = mat.DenseCopyOf(x)
	}
	return newSet(name, x.RawMatrix().Data, width)
}

// dense returns the set as a matrix that shares its values.
func dense(s set[float64]) *mat.Dense { return mat.NewDense(s.rows, s.width, s.data) }

// row returns row i.
func (s set[T]) row(i int) []T { return s.data[i*s.width : (i+1)*s.width] }

// block returns n rows from row first on, or those that there are, in float32.
//
// Shapes: (n, width).
func (s set[T]) block(first, n int) *tensors.Tensor {
	n = min(n, s.rows-first)
	values := make([]float32, n*s.width)
	for i, v := range s.data[first*s.width : (first+n)*s.width] {
		values[i] = float32(v)
	}
	return tensors.FromFlatDataAndDimensions(values, n, s.width)
}

// square returns the squared Euclidean distance of two rows, ‖a−b‖². The sum of squared differences is exact to rounding
// even for nearly equal rows.
func square[T float](a, b []T) float64 {
	var sum float64
	for i, v := range a {
		d := float64(v) - float64(b[i])
		sum += d * d
	}
	return sum
}

// Sizes of a block of pairs, 8 MB of bounds.
const (
	blockA = 1000
	blockB = 2000
)

// visitPairs calls visit for every row of a with the rows of b, a block at a time. lows[j] is a lower bound of the squared
// distance from row i of a to row first+j of b. Few pairs are near enough to matter, so that a visitor computes few exact
// distances with [square]. Within one row of a, first increases.
func visitPairs[T float](backend compute.Backend, a, b set[T], visit func(i, first int, lows []float32)) error {
	exec, err := NewExec(backend, lowerBounds)
	if err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	defer exec.Finalize()
	var blocks []*tensors.Tensor
	for i := 0; i < a.rows; i += blockA {
		blocks = append(blocks, a.block(i, blockA))
	}
	for first := 0; first < b.rows; first += blockB {
		rowsB := b.block(first, blockB)
		for n, rowsA := range blocks {
			out, err := exec.Call1(rowsA, rowsB)
			if err != nil {
				return fmt.Errorf("metrics: %w", err)
			}
			width := out.Shape().Dim(1)
			err = tensors.ConstFlatData(out, func(lows []float32) {
				for i := range out.Shape().Dim(0) {
					visit(n*blockA+i, first, lows[i*width:(i+1)*width])
				}
			})
			if err != nil {
				return fmt.Errorf("metrics: %w", err)
			}
			out.MustFinalizeAll()
		}
		rowsB.MustFinalizeAll()
	}
	return nil
}

// lowerBounds computes lower bounds of the squared distances of all pairs of rows,
//
//	(‖a‖² + ‖b‖²)·(1 − ε) − 2a·b  ≤  ‖a−b‖²
//
// A matrix product is much faster than sums of differences, but loses precision for near rows. With float32's unit roundoff
// u, rounding changes the norms and the product each by at most F·u·(‖a‖² + ‖b‖²). ε = (2F+16)·u covers both, and the
// conversion from float64. (TF32 products of a GPU, which package device turns off, would need a larger ε.)
//
// Shapes: a: (A, F), b: (B, F), float32 -> (A, B).
func lowerBounds(a, b *Node) *Node {
	ε := float64(2*a.Shape().Dim(1)+16) * 0x1p-24
	norms := Add(ExpandAxes(ReduceSum(Square(a), 1), 1), ExpandAxes(ReduceSum(Square(b), 1), 0))
	products := DotGeneral(a, []int{1}, nil, b, []int{1}, nil)
	return Sub(MulScalar(norms, 1-ε), MulScalar(products, 2))
}
