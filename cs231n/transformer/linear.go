package transformer

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
)

// Linear is PyTorch's nn.Linear: y = x·Wᵀ + b.
type Linear struct{ Weight, Bias *Node }

// Forward applies the map to the last axis.
//
// Shapes: Weight: (out, in), Bias: (out), x: (…, in) -> (…, out).
func (l Linear) Forward(x *Node) *Node {
	if l.Weight.Rank() != 2 || x.Shape().Dim(-1) != l.Weight.Shape().Dim(1) {
		panic(fmt.Errorf("transformer: Linear with the weight %s does not take %s", l.Weight.Shape(), x.Shape()))
	}
	y := Dot(x, l.Weight).General([]int{x.Rank() - 1}, nil, []int{1}, nil)
	return Add(y, BroadcastPrefix(l.Bias, x.Shape().Dimensions[:x.Rank()-1]...))
}

// LayerNorm is PyTorch's nn.LayerNorm over the last axis: (x − mean)/√(variance + 1e-5)·w + b.
type LayerNorm struct{ Weight, Bias *Node }

// Forward normalises every vector by itself.
//
// Shapes: Weight, Bias: (E), x: (…, E) -> (…, E).
func (l LayerNorm) Forward(x *Node) *Node {
	const epsilon = 1e-5
	centered := Sub(x, ReduceAndKeep(x, ReduceMean, -1))
	variance := ReduceAndKeep(Square(centered), ReduceMean, -1)
	leading := x.Shape().Dimensions[:x.Rank()-1]
	y := Div(centered, Sqrt(AddScalar(variance, epsilon)))
	return Add(Mul(y, BroadcastPrefix(l.Weight, leading...)), BroadcastPrefix(l.Bias, leading...))
}
