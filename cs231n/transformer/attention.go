package transformer

import (
	"fmt"
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// MultiHeadAttention lets every query look at all keys and returns a mean of the values, weighted by how well
// the keys match it. Each of the heads does so in E/H dimensions of its own:
//
//	Yᵢ = dropout(softmax(QᵢKᵢᵀ/√(E/H)))·Vᵢ      Y = proj([Y₁ … Y_H])
//
// with Q, K and V linear maps of query, key and value.
//
// GoMLX's own attention layers and its fused attention do not serve here: they draw dropout from another
// generator and do not hand out the weights, which the notebook shows.
type MultiHeadAttention struct {
	Key, Query, Value, Proj Linear // (E, E) each; PyTorch's originals are built in this order
	Heads                   int    // H
}

// Forward computes the attention. The mask, if there is one, says which keys a query may look at; drop, if
// there is one, acts on the weights after the softmax.
//
// Shapes: query: (N, S, E), key, value: (N, T, E), mask: (S, T) bool -> out: (N, S, E), weights: (N, H, S, T),
// before dropout.
func (a MultiHeadAttention) Forward(query, key, value, mask *Node, drop Dropout) (out, weights *Node) {
	a.check(query, key, value, mask)
	v := a.split(a.Value.Forward(value))
	if d := query.Shape().Dimensions; key.Shape().Dim(1) == 1 && mask == nil {
		// Every query looks at the only key there is. Neither Q nor K makes a difference, nor gets a gradient.
		weights = Ones(query.Graph(), shapes.Make(query.DType(), d[0], a.Heads, d[1], 1))
		mixed := Mul(TransposeAllAxes(drop.apply(weights), 0, 2, 1, 3), v)
		return a.Proj.Forward(Reshape(mixed, d...)), weights
	}
	q, k := a.split(a.Query.Forward(query)), a.split(a.Key.Forward(key))
	weights = a.weights(q, k, mask)
	mixed := Einsum("nhst,nthd->nshd", drop.apply(weights), v)
	return a.Proj.Forward(Reshape(mixed, query.Shape().Dimensions...)), weights
}

// split cuts vectors into the parts of the heads: (N, T, E) -> (N, T, H, E/H).
func (a MultiHeadAttention) split(x *Node) *Node {
	d := x.Shape().Dimensions
	return Reshape(x, d[0], d[1], a.Heads, d[2]/a.Heads)
}

// weights is the softmax of the scaled products of queries and keys.
//
// Shapes: q: (N, S, H, d), k: (N, T, H, d), mask: (S, T) or nil -> (N, H, S, T).
func (a MultiHeadAttention) weights(q, k, mask *Node) *Node {
	return normalise(Einsum("nshd,nthd->nhst", q, k), q.Shape().Dim(-1), mask)
}

// normalise scales products of vectors of d numbers and takes the softmax of those that the mask lets through.
//
// Shapes: products: (N, H, S, T), mask: (S, T) or nil -> (N, H, S, T).
func normalise(products *Node, d int, mask *Node) *Node {
	scores := DivScalar(products, math.Sqrt(float64(d)))
	if mask != nil {
		never := ConvertDType(Const(mask.Graph(), math.Inf(-1)), scores.DType())
		mask = BroadcastToShape(ExpandAxes(mask, 0, 1), shapes.Make(dtypes.Bool, scores.Shape().Dimensions...))
		scores = Where(mask, scores, BroadcastToShape(never, scores.Shape()))
	}
	return Softmax(scores, -1)
}

func (a MultiHeadAttention) check(query, key, value, mask *Node) {
	e := query.Shape().Dim(-1)
	switch {
	case a.Heads < 1 || e%a.Heads != 0:
		panic(fmt.Errorf("transformer: %d heads do not divide the embedding of %d", a.Heads, e))
	case query.Rank() != 3 || key.Rank() != 3 || !key.Shape().Equal(value.Shape()) || key.Shape().Dim(0) != query.Shape().Dim(0):
		panic(fmt.Errorf("transformer: attention of query %s, key %s, value %s: want (N, S, E) and twice (N, T, E)", query.Shape(), key.Shape(), value.Shape()))
	case mask != nil && mask.Shape().Check(dtypes.Bool, query.Shape().Dim(1), key.Shape().Dim(1)) != nil:
		panic(fmt.Errorf("transformer: attention's mask is %s, want (%d, %d) bools, queries by keys", mask.Shape(), query.Shape().Dim(1), key.Shape().Dim(1)))
	}
}
