package nn

import (
	"math"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
)

// attentionCache holds the values of the forward pass that backward needs.
type attentionCache struct {
	// BEGIN SOLUTION
	q, k, v                       *Node // (N, S, H, E/H), (N, T, H, E/H) twice
	weights, dropped              *Node // (N, H, S, T)
	backQ, backK, backV, backProj Backward
	backDrop                      func(dy *Node) (dx *Node)
	// END SOLUTION
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

// BEGIN SOLUTION

// project computes Q, K and V, split into heads.
func (a *Attention) project(p Values, query, key, value *Node) (c attentionCache) {
	c.q, c.backQ = a.Query.Forward(p, query)
	c.k, c.backK = a.Key.Forward(p, key)
	c.v, c.backV = a.Value.Forward(p, value)
	c.q, c.k, c.v = a.split(c.q), a.split(c.k), a.split(c.v)
	return c
}

// split splits vectors into heads: (N, T, E) -> (N, T, H, E/H). join is its inverse.
func (a *Attention) split(x *Node) *Node {
	d := x.Shape().Dimensions
	return Reshape(x, d[0], d[1], a.Heads, d[2]/a.Heads)
}

func join(x *Node) *Node {
	d := x.Shape().Dimensions
	return Reshape(x, d[0], d[1], d[2]*d[3])
}

// END SOLUTION
