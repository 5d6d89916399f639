package nn

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// Product is the matrix product x·w over the last axis of x.
//
// Shapes: x: (…, D), w: (D, M) -> (…, M).
func Product(x, w *Node) *Node { return contract(x, w, 0) }

// ProductT is x·wᵀ.
//
// Shapes: x: (…, D), w: (M, D) -> (…, M).
func ProductT(x, w *Node) *Node { return contract(x, w, 1) }

// TProduct is xᵀ·y, summed over all leading axes. It is the gradient of a matrix that multiplies every row.
//
// Shapes: x: (…, D), y: (…, M) -> (D, M).
func TProduct(x, y *Node) *Node {
	axes := leadingAxes(y)
	return Dot(x, y).General(axes, nil, axes, nil)
}

// contract multiplies the last axis of x by an axis of the matrix w.
func contract(x, w *Node, axis int) *Node {
	return Dot(x, w).General([]int{x.Rank() - 1}, nil, []int{axis}, nil)
}

// SumRows adds up all rows.
//
// Shapes: x: (…, D) -> (D).
func SumRows(x *Node) *Node {
	if x.Rank() == 1 { // without axes, GoMLX would sum over all of them
		return x
	}
	return ReduceSum(x, leadingAxes(x)...)
}

// leadingAxes are all axes of x but the last.
func leadingAxes(x *Node) []int {
	axes := make([]int, x.Rank()-1)
	for i := range axes {
		axes[i] = i
	}
	return axes
}

// Affine applies the affine map y = x·w + b to every row. Its backward pass is
//
//	dx = dy·wᵀ    dw = Σ xᵀ·dy    db = Σ dy
//
// with sums over all leading axes.
//
// Shapes: x: (…, D), w: (D, M), b: (M) -> (…, M). Other shapes panic.
func Affine(x, w, b *Node) (y *Node, back Backward) { return affine(x, w, b, 0) }

// affine multiplies the last axis of x by the given axis of w: 1 for PyTorch's weights, (out, in).
func affine(x, w, b *Node, axis int) (y *Node, back Backward) {
	if w.Rank() != 2 || b.Rank() != 1 || x.Shape().Dim(-1) != w.Shape().Dim(axis) || b.Shape().Dim(0) != w.Shape().Dim(1-axis) {
		panic(fmt.Errorf("nn: affine map of %s with the weight %s and the bias %s: the shapes do not match, the input has %d features",
			x.Shape(), w.Shape(), b.Shape(), x.Shape().Dim(-1)))
	}
	y = Add(contract(x, w, axis), BroadcastPrefix(b, x.Shape().Dimensions[:x.Rank()-1]...))
	return y, func(dy *Node) (*Node, []*Node) {
		dw := TProduct(x, dy)
		if axis == 1 {
			dw = TProduct(dy, x)
		}
		return contract(dy, w, 1-axis), []*Node{dw, SumRows(dy)}
	}
}

type linear struct{ affineParams }

// Linear is a fully connected layer, y = x·Wᵀ + b on the last axis, with PyTorch's initialization: weight and bias
// uniform in ±1/√in. Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html.
//
// Shapes: W: (out, in), b: (out), x: (…, in) -> (…, out).
func Linear(in, out int, stream *rng.Torch) Layer {
	return linear{defaultInit(stream, in, out, out, in)}
}

func (l linear) Forward(p Values, x *Node) (*Node, Backward) {
	return affine(x, p[l.weight], p[l.bias], 1)
}
