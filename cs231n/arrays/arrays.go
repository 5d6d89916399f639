// Package arrays makes arrays like those of NumPy and PyTorch, with which the assignment checks its layers.
package arrays

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/floats"

	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// Linspace returns an array of equally spaced values in row-major order, including both ends, as
// np.linspace(from, to, size).reshape(dims).
func Linspace(from, to float64, dims ...int) *tensors.Tensor {
	values := make([]float64, shapes.Make(dtypes.Float64, dims...).Size())
	switch len(values) {
	case 0:
	case 1:
		values[0] = from
	default:
		floats.Span(values, from, to)
	}
	return tensors.FromFlatDataAndDimensions(values, dims...)
}

// Randn returns an array of standard normals from NumPy's stream, as np.random.randn(dims...).
func Randn(stream *rng.NumPy, dims ...int) *tensors.Tensor {
	values := make([]float64, shapes.Make(dtypes.Float64, dims...).Size())
	stream.Randn(values)
	return tensors.FromFlatDataAndDimensions(values, dims...)
}

// RandInt returns an array of integers in [0, n) from NumPy's stream, as np.random.randint(n, size=dims).
func RandInt(stream *rng.NumPy, n int, dims ...int) *tensors.Tensor {
	drawn := make([]int, shapes.Make(dtypes.Int32, dims...).Size())
	stream.RandInts(drawn, n)
	values := make([]int32, len(drawn))
	for i, v := range drawn {
		values[i] = int32(v)
	}
	return tensors.FromFlatDataAndDimensions(values, dims...)
}

// TorchRandn returns an array of standard normals in single precision from PyTorch's stream, as torch.randn(dims...).
func TorchRandn(stream *rng.Torch, dims ...int) *tensors.Tensor {
	values := make([]float32, shapes.Make(dtypes.Float32, dims...).Size())
	stream.Normal(values, 0, 1)
	return tensors.FromFlatDataAndDimensions(values, dims...)
}
