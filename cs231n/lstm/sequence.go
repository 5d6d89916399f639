package lstm

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/cs231n-go/assignment3/cs231n/loop"
	"github.com/cs231n-go/assignment3/cs231n/temporal"
)

// Cache is what [Backward] needs of the forward pass.
type Cache struct {
	h0, wh         *Node
	states, memory *Node // (N, T+1, H), all hidden states and cells, the initial ones included
	gates          *Node // (N, T, 4H)
	affine         temporal.AffineCache
}

// Forward runs the network over a sequence, beginning with the hidden state h0 and an empty cell, c0 = 0.
//
// The part of a step that does not wait for the step before, x·Wx + b, is one large matrix product for all
// steps; what is left is a loop inside the compiled program. [ForwardUnrolled] computes the same.
//
// Shapes: x: (N, T, D), h0: (N, H), wx: (D, 4H), wh: (H, 4H), b: (4H) -> (N, T, H), the hidden state after
// every step.
func Forward(x, h0, wx, wh, b *Node) (h *Node, cache Cache) {
	check("Forward", 3, x, h0, wx, wh)
	xWx, affine := temporal.AffineForward(x, wx, b)
	steps, c0 := x.Shape().Dim(1), loop.Zero(h0, h0.Shape().Dimensions...)
	out := loop.For(steps, []*Node{xWx, wh}, []*Node{h0, c0, loop.Room(h0, 1, steps+1), loop.Room(c0, 1, steps+1), xWx},
		func(t *Node, fixed, state []*Node) []*Node {
			xWx, wh := fixed[0], fixed[1]
			h, c, states, memory, all := state[0], state[1], state[2], state[3], state[4]
			h, c, gates := step(loop.At(xWx, 1, t), h, c, wh)
			next := loop.Next(t)
			return []*Node{h, c, loop.Put(states, 1, next, h), loop.Put(memory, 1, next, c), loop.Put(all, 1, t, gates.joined())}
		})
	states, memory, gates := out[2], out[3], out[4]
	return SliceAxis(states, 1, AxisRange(1)), Cache{h0, wh, states, memory, gates, affine}
}

// ForwardUnrolled is [Forward] written as T calls of [StepForward], as the assignment does it. GoMLX can
// derive its gradient, but a long sequence makes a large program.
//
// Shapes: as [Forward].
func ForwardUnrolled(x, h0, wx, wh, b *Node) (h *Node) {
	check("ForwardUnrolled", 3, x, h0, wx, wh)
	var states []*Node
	c := loop.Zero(h0, h0.Shape().Dimensions...)
	for t := range x.Shape().Dim(1) {
		h0, c, _ = StepForward(Squeeze(SliceAxis(x, 1, AxisElem(t)), 1), h0, c, wx, wh, b)
		states = append(states, h0)
	}
	return Stack(states, 1)
}

// Backward takes the gradients of all hidden states to everything that made them. It walks back in time: a
// hidden state acts on the loss directly and through the next one, a cell through the next one alone. The
// weights' gradients are sums over time, each one large matrix product.
//
// Shapes: dh: (N, T, H) -> dx: (N, T, D), dh0: (N, H), dwx: (D, 4H), dwh: (H, 4H), db: (4H).
func Backward(dh *Node, cache Cache) (dx, dh0, dwx, dwh, db *Node) {
	steps := dh.Shape().Dim(1)
	zero := loop.Zero(dh, cache.h0.Shape().Dimensions...)
	out := loop.Backwards(steps, []*Node{dh, cache.memory, cache.gates, cache.wh}, []*Node{zero, zero, cache.gates},
		func(t *Node, fixed, state []*Node) []*Node {
			dh, memory, gates, wh := fixed[0], fixed[1], fixed[2], fixed[3]
			dNextH, dNextC, all := state[0], state[1], state[2]
			da, dc := stepBack(Add(loop.At(dh, 1, t), dNextH), dNextC,
				loop.At(memory, 1, t), loop.At(memory, 1, loop.Next(t)), cut(loop.At(gates, 1, t)))
			return []*Node{dotT(da, wh), dc, loop.Put(all, 1, t, da)}
		})
	dh0, da := out[0], out[2]
	dx, dwx, db = temporal.AffineBackward(da, cache.affine)
	return dx, dh0, dwx, temporal.SumOuter(SliceAxis(cache.states, 1, AxisRange(0, steps)), da), db
}
