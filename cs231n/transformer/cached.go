package transformer

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/cs231n-go/assignment3/cs231n/loop"
)

// Cache keeps what the layers of a decoder computed of earlier places: keys and values of the self-attention, two
// arrays (N, H, L, d) for each layer, a head's keys one after the other as its products read them. With it the next
// place costs one pass of a single vector, whatever came before, and a look at all keys.
type Cache []*Node

// NewCache makes room for sequences of up to l places.
//
// Shapes: x: (N, E) -> for each layer twice (N, H, l, d).
func (d Decoder) NewCache(x *Node, l int) Cache {
	n, e := x.Shape().Dim(0), x.Shape().Dim(1)
	var c Cache
	for _, layer := range d {
		heads := layer.SelfAttn.Heads
		for range 2 {
			c = append(c, loop.Zero(x, n, heads, l, e/heads))
		}
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
// Shapes: x: (N, E), keys, values: (N, H, L, d) -> (N, E) and the new keys and values.
func (a MultiHeadAttention) next(x, keys, values, t *Node) (out, newKeys, newValues *Node) {
	n, heads, l, d := keys.Shape().Dim(0), keys.Shape().Dim(1), keys.Shape().Dim(2), keys.Shape().Dim(3)
	split := func(x *Node) *Node { return Reshape(x, n, heads, d) }
	keys = loop.Put(keys, 2, t, split(a.Key.Forward(x)))
	values = loop.Put(values, 2, t, split(a.Value.Forward(x)))
	known := shapes.Make(dtypes.Int32, 1, l)
	mask := LessOrEqual(Iota(x.Graph(), known, 1), BroadcastToShape(t, known))
	products := Einsum("nhtd,nhd->nht", keys, split(a.Query.Forward(x)))
	weights := Squeeze(normalise(ExpandAxes(products, 2), d, mask), 2)
	mixed := Einsum("nht,nhtd->nhd", weights, values)
	return a.Proj.Forward(Reshape(mixed, n, heads*d)), keys, values
}
