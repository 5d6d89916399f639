package gan

import (
	"math"

	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// defaultInit draws weight and bias as PyTorch's layers do when they are built.
func defaultInit(stream *rng.Torch, fanIn, out int, dims []int) (weight, bias *Param) {
	weight = &Param{"weight", dims, make([]float32, size(dims))}
	bias = &Param{"bias", []int{out}, make([]float32, out)}
	stream.DefaultInit(weight.Value, bias.Value, fanIn)
	return weight, bias
}

// Uniform is a random stream that fills dst with values in [from, to): an [rng.Torch], or an [rng.CUDA]
// for a model that is moved to the GPU before its weights are drawn.
type Uniform interface {
	Uniform(dst []float32, from, to float64)
}

// InitializeWeights redraws the weights of fully connected and transposed convolution layers with
// Xavier's uniform rule, ±√(6/(fanIn+fanOut)), in the order of the layers. Biases, Conv2d and BatchNorm
// keep what they have. Source: Glorot and Bengio 2010, http://proceedings.mlr.press/v9/glorot10a.html.
func InitializeWeights(n *Network, stream Uniform) {
	for _, layer := range n.Layers {
		var weight *Param
		switch l := layer.(type) {
		case *linear:
			weight = l.weight
		case *convTranspose2d:
			weight = l.weight
		default:
			continue
		}
		window := size(weight.Dims[2:])
		fans := float64((weight.Dims[0] + weight.Dims[1]) * window)
		bound := math.Sqrt(3) * math.Sqrt(2/fans)
		stream.Uniform(weight.Value, -bound, bound)
	}
}

// size is the number of elements of an array with these dimensions.
func size(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}
