package notebook

import (
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/cs231n-go/assignment3/cs231n/arrays"
)

// Linspace returns equally spaced numbers in row-major order, including both ends, as
// np.linspace(from, to, size).reshape(dims).
func Linspace(from, to float64, dims ...int) *tensors.Tensor {
	return arrays.Linspace(from, to, dims...)
}

// Randn draws standard normals from the stream [NumPy], as np.random.randn(dims...).
func Randn(dims ...int) *tensors.Tensor { return arrays.Randn(NumPy(), dims...) }

// RandInt draws integers in [0, n) from the stream [NumPy], as np.random.randint(n, size=dims).
func RandInt(n int, dims ...int) *tensors.Tensor { return arrays.RandInt(NumPy(), n, dims...) }

// TorchRandn draws standard normals in single precision from the stream [Torch], as torch.randn(dims...).
func TorchRandn(dims ...int) *tensors.Tensor { return arrays.TorchRandn(Torch(), dims...) }
