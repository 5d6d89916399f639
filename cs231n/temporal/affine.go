package temporal

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
)

// AffineCache is what [AffineBackward] needs of the forward pass.
type AffineCache struct{ x, w *Node }

// AffineForward applies the same affine map at every time step: out[n, t] = x[n, t]·w + b. Any number of
// leading axes will do, so it also serves for a plain (N, D) matrix.
//
// Shapes: x: (N, T, D), w: (D, M), b: (M) -> (N, T, M).
func AffineForward(x, w, b *Node) (out *Node, cache AffineCache) {
	last := x.Rank() - 1
	if w.Rank() != 2 || b.Rank() != 1 || x.Shape().Dim(-1) != w.Shape().Dim(0) || b.Shape().Dim(0) != w.Shape().Dim(1) {
		panic(fmt.Errorf("temporal: AffineForward of %s with weights %s and biases %s: want (…, D), (D, M) and (M)", x.Shape(), w.Shape(), b.Shape()))
	}
	out = Dot(x, w).General([]int{last}, nil, []int{0}, nil)
	return Add(out, BroadcastPrefix(b, x.Shape().Dimensions[:last]...)), AffineCache{x, w}
}

// AffineBackward is
//
//	dx = dout·wᵀ    dw = Σ xᵀ·dout    db = Σ dout
//
// with sums over the batch and time.
//
// Shapes: dout: (N, T, M) -> dx: (N, T, D), dw: (D, M), db: (M).
func AffineBackward(dout *Node, cache AffineCache) (dx, dw, db *Node) {
	last := dout.Rank() - 1
	dx = Dot(dout, cache.w).General([]int{last}, nil, []int{1}, nil)
	return dx, SumOuter(cache.x, dout), ReduceSum(dout, leadingAxes(dout)...)
}

// SumOuter adds up the outer products xᵀ·dout over the batch and time: the gradient of any matrix that is
// used at every step.
//
// Shapes: x: (N, T, D), dout: (N, T, M) -> (D, M).
func SumOuter(x, dout *Node) *Node {
	axes := leadingAxes(dout)
	return Dot(x, dout).General(axes, nil, axes, nil)
}

// leadingAxes are all axes of x but the last.
func leadingAxes(x *Node) []int {
	axes := make([]int, x.Rank()-1)
	for i := range axes {
		axes[i] = i
	}
	return axes
}
