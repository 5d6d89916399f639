//go:build !plain

package nn

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// forward is the computation of [Attention.Forward], which has checked the shapes:
//
//  1. Q, K, V = the layers a.Query, a.Key, a.Value of query, key, value, split into heads
//  2. scores = QKᵀ/√(E/H) for each head, and −∞ where the mask is false
//  3. weights = softmax of the scores over the keys
//  4. Y = dropout(weights)·V for each head
//  5. out = the layer a.Proj of the joined heads
//
// The cache holds the values that backward needs.
//
// The weight of a single key without a mask is 1 for any Q and K, which XLA then removes from the program.
func (a *Attention) forward(p Values, query, key, value, mask *Node, drop Dropout) (out, weights *Node, cache attentionCache) {
	c := a.project(p, query, key, value)
	var mixed *Node
	if d := query.Shape().Dimensions; key.Shape().Dim(1) == 1 && mask == nil {
		c.weights = Ones(query.Graph(), shapes.Make(query.DType(), d[0], a.Heads, d[1], 1))
		c.dropped, c.backDrop = drop.Call(c.weights)
		mixed = Mul(TransposeAllAxes(c.dropped, 0, 2, 1, 3), c.v)
	} else {
		c.weights = normalize(Einsum("nshd,nthd->nhst", c.q, c.k), c.q.Shape().Dim(-1), mask)
		c.dropped, c.backDrop = drop.Call(c.weights)
		mixed = Einsum("nhst,nthd->nshd", c.dropped, c.v)
	}
	out, c.backProj = a.Proj.Forward(p, join(mixed))
	return out, c.weights, c
}

// project computes Q, K and V, split into heads. V comes first, since GoMLX adds up gradients in this order and the last
// digits of training depend on it.
func (a *Attention) project(p Values, query, key, value *Node) (c attentionCache) {
	c.v, c.backV = a.Value.Forward(p, value)
	c.q, c.backQ = a.Query.Forward(p, query)
	c.k, c.backK = a.Key.Forward(p, key)
	c.q, c.k, c.v = a.split(c.q), a.split(c.k), a.split(c.v)
	return c
}

// normalize divides the products of queries and keys by √d and takes the softmax over the keys that the mask allows.
//
// Shapes: products: (N, H, S, T), mask: (S, T) or nil -> (N, H, S, T).
func normalize(products *Node, d int, mask *Node) *Node {
	scores := DivScalar(products, math.Sqrt(float64(d)))
	if mask != nil {
		minusInf := ConvertDType(Const(mask.Graph(), math.Inf(-1)), scores.DType())
		mask = BroadcastToShape(ExpandAxes(mask, 0, 1), shapes.Make(dtypes.Bool, scores.Shape().Dimensions...))
		scores = Where(mask, scores, BroadcastToShape(minusInf, scores.Shape()))
	}
	return Softmax(scores, -1)
}
