package nn

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

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

// AttentionBackward is the backward pass of [Attention.Forward].
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
	out, weights, cache := a.forward(p, query, key, value, mask, drop)
	return out, weights, func(dout *Node) (dquery, dkey, dvalue *Node, dparams []*Node) { return a.backward(dout, cache) }
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

// check panics if the heads do not divide E or the shapes do not match.
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

// split splits vectors into heads: (N, T, E) -> (N, T, H, E/H). join is its inverse.
func (a *Attention) split(x *Node) *Node {
	d := x.Shape().Dimensions
	return Reshape(x, d[0], d[1], a.Heads, d[2]/a.Heads)
}

func join(x *Node) *Node {
	d := x.Shape().Dimensions
	return Reshape(x, d[0], d[1], d[2]*d[3])
}
