package transformer

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/cs231n-go/assignment3/cs231n/loop"
	"github.com/cs231n-go/assignment3/cs231n/nn"
)

// Cache holds keys and values of the self-attention for earlier positions, two arrays (N, H, L, E/H) per layer. With it the
// next position costs a forward pass of one vector and a product with all keys.
type Cache []*Node

// NewCache makes an empty cache for sequences of up to length positions.
//
// Shapes: x: (N, E) -> two (N, H, length, E/H) per layer.
func (d Decoder) NewCache(x *Node, length int) Cache {
	n, e := x.Shape().Dim(0), x.Shape().Dim(1)
	var c Cache
	for _, layer := range d {
		heads := layer.SelfAttn.Heads
		for range 2 {
			c = append(c, loop.Zero(x, n, heads, length, e/heads))
		}
	}
	return c
}

// Recall computes the attention to a memory of a single vector. Its attention weight is 1 for every query, so the result is
// the same for all positions.
//
// Shapes: memory: (N, E) -> one (N, E) per layer.
func (d Decoder) Recall(p nn.Values, memory *Node) []*Node {
	var recalled []*Node
	for _, layer := range d {
		recalled = append(recalled, p.Apply(layer.MultiheadAttn.Proj, p.Apply(layer.MultiheadAttn.Value, memory)))
	}
	return recalled
}

// Next computes position t of a sequence without dropout. Earlier positions are in the cache. It returns the output of
// [Decoder.Forward] at that position under a causal mask. It is meant for the body of a compiled loop.
//
// Shapes: x: (N, E), recalled: from [Decoder.Recall], cache: from [Decoder.NewCache], t: scalar int32 -> (N, E) and the
// new cache.
func (d Decoder) Next(p nn.Values, x *Node, recalled []*Node, cache Cache, t *Node) (y *Node, next Cache) {
	if len(recalled) != len(d) || len(cache) != 2*len(d) {
		panic(fmt.Errorf("transformer: %d layers need as many memories and twice as many cache arrays, got %d and %d", len(d), len(recalled), len(cache)))
	}
	for i, layer := range d {
		attended, keys, values := layer.SelfAttn.Next(p, x, cache[2*i], cache[2*i+1], t)
		x = p.Apply(layer.Norm1, Add(x, attended))
		x = p.Apply(layer.Norm2, Add(x, recalled[i]))
		x = p.Apply(layer.Norm3, Add(x, layer.feedForward(p, x, nil)))
		next = append(next, keys, values)
	}
	return x, next
}
