package transformer

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/cs231n-go/assignment3/cs231n/loop"
)

// Cache keeps what the layers of a decoder computed of earlier places: keys and values of the self-attention, two
// arrays (N, L, E) for each layer. With it the next place costs one pass of a single vector, whatever came before,
// and a look at all keys.
type Cache []*Node

// NewCache makes room for sequences of up to l places.
//
// Shapes: x: (N, E) -> for each layer twice (N, l, E).
func (d Decoder) NewCache(x *Node, l int) Cache {
	dims := x.Shape().Dimensions
	var c Cache
	for range 2 * len(d) {
		c = append(c, loop.Zero(x, dims[0], l, dims[1]))
	}
	return c
}

// Recall computes once what all places see of a memory of a single vector: the attention to it is 1 whatever the
// query, so each layer always adds the same.
//
// Shapes: memory: (N, E) -> one (N, E) for each layer.
func (d Decoder) Recall(memory *Node) []*Node {
	var seen []*Node
	for _, layer := range d {
		seen = append(seen, layer.MultiheadAttn.Proj.Forward(layer.MultiheadAttn.Value.Forward(memory)))
	}
	return seen
}

// Next computes place t of a sequence, whose earlier places are in the cache, without dropout. It gives what
// [Decoder.Forward] gives at that place under a causal mask. It is made for the body of a compiled loop.
//
// Shapes: x: (N, E), recalled: as [Decoder.Recall] makes it, cache: as [Decoder.NewCache] makes it, t: scalar int32 -> (N, E) and the new
// cache.
func (d Decoder) Next(x *Node, recalled []*Node, cache Cache, t *Node) (y *Node, next Cache) {
	if len(recalled) != len(d) || len(cache) != 2*len(d) {
		panic(fmt.Errorf("transformer: %d layers need as many memories and twice as many arrays of cache, got %d and %d", len(d), len(recalled), len(cache)))
	}
	for i, layer := range d {
		attended, keys, values := layer.SelfAttn.next(x, cache[2*i], cache[2*i+1], t)
		x = layer.Norm1.Forward(Add(x, attended))
		x = layer.Norm2.Forward(Add(x, recalled[i]))
		x = layer.Norm3.Forward(Add(x, layer.Linear2.Forward(relu(layer.Linear1.Forward(x)))))
		next = append(next, keys, values)
	}
	return x, next
}

// next is the self-attention of place t to itself and to those before.
//
// Shapes: x: (N, E), keys, values: (N, L, E) -> (N, E) and the new keys and values.
func (a MultiHeadAttention) next(x, keys, values, t *Node) (out, newKeys, newValues *Node) {
	keys = loop.Put(keys, 1, t, a.Key.Forward(x))
	values = loop.Put(values, 1, t, a.Value.Forward(x))
	known := shapes.Make(dtypes.Int32, 1, keys.Shape().Dim(1))
	mask := LessOrEqual(Iota(x.Graph(), known, 1), BroadcastToShape(t, known))
	weights := a.weights(a.split(ExpandAxes(a.Query.Forward(x), 1)), a.split(keys), mask)
	mixed := Einsum("nhst,nthd->nshd", weights, a.split(values))
	return a.Proj.Forward(Reshape(mixed, x.Shape().Dimensions...)), keys, values
}
