//go:build !plain

package transformer

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/cs231n-go/assignment3/cs231n/loop"
	"github.com/cs231n-go/assignment3/cs231n/nn"
)

// Cache holds the self-attention's keys and values of earlier positions, two arrays (N, H, L, E/H) per layer.
type Cache []*Node

// NewCache returns an empty cache for sequences of up to length positions.
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

// CrossAttention computes each layer's attention to a memory of a single vector. Its weight is 1 for every query, so the
// result is the same for all positions.
//
// Shapes: memory: (N, E) -> one (N, E) per layer.
func (d Decoder) CrossAttention(p nn.Values, memory *Node) []*Node {
	var cross []*Node
	for _, layer := range d {
		cross = append(cross, p.Apply(layer.MultiheadAttn.Proj, p.Apply(layer.MultiheadAttn.Value, memory)))
	}
	return cross
}

// Next computes the output of [Decoder.Forward] at position t, with a causal mask and without dropout. The cache holds the
// earlier positions. It is for the body of a compiled loop.
//
// Shapes: x: (N, E), cross: from [Decoder.CrossAttention], cache: from [Decoder.NewCache], t: scalar int32 -> (N, E) and the
// new cache.
func (d Decoder) Next(p nn.Values, x *Node, cross []*Node, cache Cache, t *Node) (y *Node, next Cache) {
	if len(cross) != len(d) || len(cache) != 2*len(d) {
		panic(fmt.Errorf("transformer: a decoder of %d layers needs %[1]d outputs of CrossAttention and %d cache arrays, got %d and %d", len(d), 2*len(d), len(cross), len(cache)))
	}
	for i, layer := range d {
		attended, keys, values := layer.SelfAttn.Next(p, x, cache[2*i], cache[2*i+1], t)
		x = p.Apply(layer.Norm1, Add(x, attended))
		x = p.Apply(layer.Norm2, Add(x, cross[i]))
		x = p.Apply(layer.Norm3, Add(x, layer.feedForward(p, x, nil)))
		next = append(next, keys, values)
	}
	return x, next
}
