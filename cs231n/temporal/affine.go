package temporal

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/cs231n-go/assignment3/cs231n/nn"
)

// AffineCache holds the values of the forward pass that [AffineBackward] needs.
type AffineCache struct{ back nn.Backward }

// AffineForward applies the same affine map at every time step: out[n, t] = x[n, t]·w + b. Like [nn.Affine] it accepts any
// number of leading axes, such as a matrix (N, D).
//
// Shapes: x: (N, T, D), w: (D, M), b: (M) -> (N, T, M).
func AffineForward(x, w, b *Node) (out *Node, cache AffineCache) {
	out, cache.back = nn.Affine(x, w, b)
	return out, cache
}

// AffineBackward is the backward pass of [AffineForward]:
//
//	dx = dout·wᵀ    dw = Σ xᵀ·dout    db = Σ dout
//
// The sums are over the batch and time.
//
// Shapes: dout: (N, T, M) -> dx: (N, T, D), dw: (D, M), db: (M).
func AffineBackward(dout *Node, cache AffineCache) (dx, dw, db *Node) {
	dx, d := cache.back(dout)
	return dx, d[0], d[1]
}
