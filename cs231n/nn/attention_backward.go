package nn

import (
	"math"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
)

// attentionCache holds the values of the forward pass that backward needs.
type attentionCache struct {
	q, k, v                       *Node // (N, S, H, E/H), (N, T, H, E/H) twice
	weights, dropped              *Node // (N, H, S, T)
	backQ, backK, backV, backProj Backward
	backDrop                      func(dy *Node) (dx *Node)
}

// backward is the hand-written backward pass of attention. W are the weights after the softmax, M the dropout mask divided
// by 1 − rate, and dY the gradient of the heads' outputs Yᵢ. For each head,
//
//	dY = dout·Wproj        dV = (W∘M)ᵀ·dY      dW = (dY·Vᵀ)∘M
//	dS = W∘(dW − Σ dW∘W)   the softmax, a sum over the keys of each query
//	dQ = dS·K/√(E/H)       dK = dSᵀ·Q/√(E/H)
//
// The attention mask needs no term, since W is 0 where it is false.
//
// Shapes: as [AttentionBackward].
func (a *Attention) backward(dout *Node, c attentionCache) (dquery, dkey, dvalue *Node, dparams []*Node) {
	// BEGIN SOLUTION attention-backward
	dmixed, dProj := c.backProj(dout)
	dy := a.split(dmixed)
	dw := c.backDrop(Einsum("nshd,nthd->nhst", dy, c.v))
	ds := Mul(c.weights, Sub(dw, ReduceAndKeep(Mul(dw, c.weights), ReduceSum, -1)))
	ds = DivScalar(ds, math.Sqrt(float64(c.q.Shape().Dim(-1))))
	dquery, dQuery := c.backQ(join(Einsum("nhst,nthd->nshd", ds, c.k)))
	dkey, dKey := c.backK(join(Einsum("nhst,nshd->nthd", ds, c.q)))
	dvalue, dValue := c.backV(join(Einsum("nhst,nshd->nthd", c.dropped, dy)))
	return dquery, dkey, dvalue, slices.Concat(dKey, dQuery, dValue, dProj)
	// END SOLUTION
}
