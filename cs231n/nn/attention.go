package nn

import (
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/cs231n-go/assignment3/cs231n/loop"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// Attention is multi-head attention. For every query it returns a mean of the values, weighted by how well their keys match
// the query. Each of the H heads works on its own E/H dimensions:
//
//	Yᵢ = dropout(softmax(QᵢKᵢᵀ/√(E/H)))·Vᵢ      Y = proj([Y₁ … Y_H])
//
// Q, K and V are affine maps of query, key and value. Source: Vaswani et al. 2017, https://arxiv.org/abs/1706.03762.
//
// GoMLX's attention layers use another random generator for dropout and do not return the weights.
type Attention struct {
	Key, Query, Value, Proj Layer // Linear, (E, E) each
	Heads                   int   // H, a divisor of E
	params                  []*Param
}

// MultiHeadAttention builds the layer for embeddings of width e. It initializes key, query, value and proj in this order.
func MultiHeadAttention(e, heads int, stream *rng.Torch) *Attention {
	a := &Attention{
		Key: Linear(e, e, stream), Query: Linear(e, e, stream), Value: Linear(e, e, stream), Proj: Linear(e, e, stream), Heads: heads,
	}
	a.params = slices.Concat(Prefixed("key", a.Key.Params()), Prefixed("query", a.Query.Params()),
		Prefixed("value", a.Value.Params()), Prefixed("proj", a.Proj.Params()))
	return a
}

// Params lists weight and bias of Key, Query, Value and Proj.
func (a *Attention) Params() []*Param { return a.params }

// AttentionBackward builds the hand-written backward pass of attention. W are the weights after the softmax, M the dropout
// mask divided by 1 − rate, and dY the gradient of the heads' outputs Yᵢ. For each head,
//
//	dY = dout·Wproj        dV = (W∘M)ᵀ·dY      dW = (dY·Vᵀ)∘M
//	dS = W∘(dW − Σ dW∘W)   the softmax, a sum over the keys of each query
//	dQ = dS·K/√(E/H)       dK = dSᵀ·Q/√(E/H)
//
// The attention mask needs no term, since W is 0 where it is false.
//
// Shapes: dout: (N, S, E) -> dquery: (N, S, E), dkey, dvalue: (N, T, E), dparams: in the order of Params.
type AttentionBackward func(dout *Node) (dquery, dkey, dvalue *Node, dparams []*Node)

// Forward computes the attention. A query attends only to keys where the mask is true; a nil mask means all keys. Dropout
// is applied to the weights after the softmax. A query with no allowed key gives NaN, as in PyTorch.
//
// Shapes: query: (N, S, E), key, value: (N, T, E), mask: (S, T) bool -> out: (N, S, E), weights: (N, H, S, T), before
// dropout.
func (a *Attention) Forward(p Values, query, key, value, mask *Node, drop Dropout) (out, weights *Node, back AttentionBackward) {
	a.check(query, key, value, mask)
	values, backV := a.Value.Forward(p, value)
	v := a.split(values)
	var dropped, mixed *Node
	var backDrop func(*Node) *Node
	if d := query.Shape().Dimensions; key.Shape().Dim(1) == 1 && mask == nil {
		// The weight of the only key is 1 for any Q and K, so their gradients are 0.
		weights = Ones(query.Graph(), shapes.Make(query.DType(), d[0], a.Heads, d[1], 1))
		dropped, backDrop = drop.Call(weights)
		mixed = Mul(TransposeAllAxes(dropped, 0, 2, 1, 3), v)
	} else {
		q, k := a.split(p.Apply(a.Query, query)), a.split(p.Apply(a.Key, key))
		weights = normalize(Einsum("nshd,nthd->nhst", q, k), q.Shape().Dim(-1), mask)
		dropped, backDrop = drop.Call(weights)
		mixed = Einsum("nhst,nthd->nshd", dropped, v)
	}
	out, backProj := a.Proj.Forward(p, join(mixed))
	return out, weights, func(dout *Node) (dquery, dkey, dvalue *Node, dparams []*Node) {
		queries, backQ := a.Query.Forward(p, query)
		keys, backK := a.Key.Forward(p, key)
		q, k := a.split(queries), a.split(keys)

		dmixed, dProj := backProj(dout)
		dy := a.split(dmixed)
		dw := backDrop(Einsum("nshd,nthd->nhst", dy, v))
		ds := Mul(weights, Sub(dw, ReduceAndKeep(Mul(dw, weights), ReduceSum, -1)))
		ds = DivScalar(ds, math.Sqrt(float64(q.Shape().Dim(-1))))
		dquery, dQuery := backQ(join(Einsum("nhst,nthd->nshd", ds, k)))
		dkey, dKey := backK(join(Einsum("nhst,nshd->nthd", ds, q)))
		dvalue, dValue := backV(join(Einsum("nhst,nshd->nthd", dropped, dy)))
		return dquery, dkey, dvalue, slices.Concat(dKey, dQuery, dValue, dProj)
	}
}

// Call computes the layer with its current parameters. Dropout at the given rate draws its mask from the stream; a nil
// stream means no dropout. The mask may be nil.
//
// Shapes: query: (N, S, E), key, value: (N, T, E), mask: (S, T) bool -> (N, S, E).
func (a *Attention) Call(backend compute.Backend, query, key, value, mask *tensors.Tensor, rate float64, stream *rng.Torch) (*tensors.Tensor, error) {
	inputs := []any{query, key, value}
	if mask != nil {
		inputs = append(inputs, mask)
	}
	if stream != nil {
		seeds := make([]uint32, 1)
		stream.DropoutSeeds(seeds)
		inputs = append(inputs, seeds)
	}
	out, err := Compute(backend, a.params, inputs, func(p Values, in []*Node) []*Node {
		var m *Node
		var drop Dropout
		if mask != nil {
			m = in[3]
		}
		if stream != nil {
			drop = SeededDropout(rate, in[len(in)-1])
		}
		out, _, _ := a.Forward(p, in[0], in[1], in[2], m, drop)
		return []*Node{out}
	})
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// Next computes the self-attention of position t to positions 0 … t, with cached keys and values. It is for the body of a
// compiled loop and has no dropout.
//
// Shapes: x: (N, E), keys, values: (N, H, L, E/H), t: scalar int32 -> (N, E) and the new keys and values.
func (a *Attention) Next(p Values, x, keys, values, t *Node) (out, newKeys, newValues *Node) {
	n, heads, l, d := keys.Shape().Dim(0), keys.Shape().Dim(1), keys.Shape().Dim(2), keys.Shape().Dim(3)
	split := func(x *Node) *Node { return Reshape(x, n, heads, d) }
	keys = loop.Put(keys, 2, t, split(p.Apply(a.Key, x)))
	values = loop.Put(values, 2, t, split(p.Apply(a.Value, x)))
	positions := shapes.Make(dtypes.Int32, 1, l)
	mask := LessOrEqual(Iota(x.Graph(), positions, 1), BroadcastToShape(t, positions))
	products := Einsum("nhtd,nhd->nht", keys, split(p.Apply(a.Query, x)))
	weights := Squeeze(normalize(ExpandAxes(products, 2), d, mask), 2)
	mixed := Einsum("nht,nhtd->nhd", weights, values)
	return p.Apply(a.Proj, Reshape(mixed, n, heads*d)), keys, values
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

func (a *Attention) check(query, key, value, mask *Node) {
	e := query.Shape().Dim(-1)
	switch {
	case a.Heads < 1 || e%a.Heads != 0:
		panic(fmt.Errorf("nn: %d heads do not divide the embedding of %d", a.Heads, e))
	case query.Rank() != 3 || key.Rank() != 3 || !key.Shape().Equal(value.Shape()) || key.Shape().Dim(0) != query.Shape().Dim(0):
		panic(fmt.Errorf("nn: attention of query %s, key %s, value %s: want (N, S, E), (N, T, E), (N, T, E)", query.Shape(), key.Shape(), value.Shape()))
	case mask != nil && mask.Shape().Check(dtypes.Bool, query.Shape().Dim(1), key.Shape().Dim(1)) != nil:
		panic(fmt.Errorf("nn: the attention mask is %s, want (%d, %d) bools, queries by keys", mask.Shape(), query.Shape().Dim(1), key.Shape().Dim(1)))
	}
}
