//go:build plain

package nn

import (
	"math"

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
func (a *Attention) forward(p Values, query, key, value, mask *Node, drop Dropout) (out, weights *Node, cache attentionCache) {
	// BEGIN SOLUTION attention
	c := &cache
	c.q, c.backQ = a.Query.Forward(p, query)
	c.k, c.backK = a.Key.Forward(p, key)
	c.v, c.backV = a.Value.Forward(p, value)
	c.q, c.k, c.v = a.split(c.q), a.split(c.k), a.split(c.v)
	scores := DivScalar(Einsum("nshd,nthd->nhst", c.q, c.k), math.Sqrt(float64(c.q.Shape().Dim(-1))))
	if mask != nil {
		mask = BroadcastToDims(ExpandAxes(mask, 0, 1), scores.Shape().Dimensions...)
		scores = Where(mask, scores, Infinity(scores.Graph(), scores.DType(), -1))
	}
	c.weights = Softmax(scores, -1)
	c.dropped, c.backDrop = drop.Call(c.weights)
	out, c.backProj = a.Proj.Forward(p, join(Einsum("nhst,nthd->nshd", c.dropped, c.v)))
	return out, c.weights, cache
	// END SOLUTION
}
