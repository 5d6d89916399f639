package gan

import (
	"math"

	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// defaultInit draws weight and bias as PyTorch's Linear, Conv2d and ConvTranspose2d do when they are
// built: both uniform in ±1/√fanIn, the weight first. (PyTorch reaches the weight's bound through
// kaiming_uniform with a = √5; the detour is repeated here for its last bit.)
func defaultInit(stream *rng.Torch, fanIn, out int, dims []int) (weight, bias *Param) {
	a := math.Sqrt(5)
	gain := math.Sqrt(2 / (1 + a*a))
	weight = &Param{"weight", dims, make([]float32, size(dims))}
	drawUniform(stream, weight.Value, math.Sqrt(3)*(gain/math.Sqrt(float64(fanIn))))
	bias = &Param{"bias", []int{out}, make([]float32, out)}
	drawUniform(stream, bias.Value, 1/math.Sqrt(float64(fanIn)))
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
		drawUniform(stream, weight.Value, math.Sqrt(3)*math.Sqrt(2/fans))
	}
}

func drawUniform(stream Uniform, dst []float32, bound float64) {
	stream.Uniform(dst, -bound, bound)
}

// size is the number of elements of an array with these dimensions.
func size(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}
