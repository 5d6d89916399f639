package nn

import (
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/cs231n-go/assignment3/cs231n/rng"
)

type embedding struct{ weight *Param }

// Embedding is a table of num vectors, one for each label, with PyTorch's initialization: normal with mean 0 and variance
// 1. Labels have no gradient: the backward pass returns a nil dx. XLA does not report a label outside [0, num).
// Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html.
//
// Shapes: W: (num, dim), x: (…) integers in [0, num) -> (…, dim).
func Embedding(num, dim int, stream *rng.Torch) Layer {
	weight := make([]float32, num*dim)
	if stream != nil {
		stream.Normal(weight, 0, 1)
	}
	return embedding{NewParam("weight", weight, num, dim)}
}

func (e embedding) Params() []*Param { return []*Param{e.weight} }

// Forward returns a backward pass that multiplies by one-hot rows. Unlike a scatter, the product adds in the same order
// every time on a GPU too.
func (e embedding) Forward(p Values, x *Node) (*Node, Backward) {
	if !x.DType().IsInt() {
		panic(fmt.Errorf("nn: Embedding needs integer labels, got %s", x.Shape()))
	}
	weight := p[e.weight]
	return Gather(weight, ExpandAxes(x, -1)), func(dy *Node) (*Node, []*Node) {
		oneHot := OneHot(x, weight.Shape().Dim(0), weight.DType())
		return nil, []*Node{TProduct(oneHot, dy)}
	}
}

// Sinusoids encodes numbers, such as times or positions, as sines and cosines of width/2 frequencies f from 1 down to
// almost 1/10000:
//
//	sin(t·fᵢ) for i = 0 … width/2 − 1, then cos(t·fᵢ)        fᵢ = 10000^(−i/(width/2))
//
// An odd width panics. Source: Vaswani et al. 2017, https://arxiv.org/abs/1706.03762.
//
// Shapes: t: (N) floats -> (N, width), of the type of t.
func Sinusoids(t *Node, width int) *Node {
	if t.Rank() != 1 || !t.DType().IsFloat() || width < 2 || width%2 != 0 {
		panic(fmt.Errorf("nn: Sinusoids of %s with width %d: want a vector of floats and an even width", t.Shape(), width))
	}
	frequencies := make([]float64, width/2)
	for i := range frequencies {
		frequencies[i] = math.Pow(10000, -float64(i)/float64(width/2))
	}
	angles := Mul(ExpandAxes(t, 1), ExpandAxes(ConvertDType(Const(t.Graph(), frequencies), t.DType()), 0))
	return Concatenate([]*Node{Sin(angles), Cos(angles)}, 1)
}
