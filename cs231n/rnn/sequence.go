//go:build !plain

package rnn

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/cs231n-go/assignment3/cs231n/loop"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/temporal"
)

// Cache holds the values of the forward pass that [Backward] needs.
type Cache struct {
	h0, wh *Node
	states *Node // (N, T+1, H), all hidden states, h0 included
	affine temporal.AffineCache
}

// Forward runs the network over a sequence, starting from the hidden state h0.
//
// The part of a step that does not depend on the previous step, x·Wx + b, is one large matrix product for all steps. The
// rest is a loop inside the compiled program.
//
// Shapes: x: (N, T, D), h0: (N, H) -> (N, T, H), the hidden state after every step.
func Forward(x, h0 *Node, w Weights) (h *Node, cache Cache) {
	check("Forward", 3, x, h0, w)
	xWx, affine := temporal.AffineForward(x, w.Wx, w.B)
	steps := x.Shape().Dim(1)
	states := loop.For(steps, []*Node{xWx, w.Wh}, []*Node{h0, loop.Buffer(h0, 1, steps+1)},
		func(t *Node, fixed, state []*Node) []*Node {
			xWx, wh := fixed[0], fixed[1]
			h, states := state[0], state[1]
			h = step(loop.At(xWx, 1, t), h, wh)
			return []*Node{h, loop.Put(states, 1, loop.Next(t), h)}
		})[1]
	return SliceAxis(states, 1, AxisRange(1)), Cache{h0, w.Wh, states, affine}
}

// ForwardUnrolled is [Forward] as T calls of [StepForward], the assignment's form. GoMLX can derive its gradient, but the
// size of the program grows with T.
//
// Shapes: as [Forward].
func ForwardUnrolled(x, h0 *Node, w Weights) (h *Node) {
	check("ForwardUnrolled", 3, x, h0, w)
	var states []*Node
	for t := range x.Shape().Dim(1) {
		h0, _ = StepForward(temporal.At(x, t), h0, w)
		states = append(states, h0)
	}
	return Stack(states, 1)
}

// Backward is the backward pass of [Forward], from the last step to the first. A hidden state affects the loss directly and
// through the next hidden state, so its gradient is
//
//	dh[t] + da[t+1]·Whᵀ
//
// The gradient of each weight is a sum over time, computed as one large matrix product.
//
// Shapes: dh: (N, T, H) -> dx: (N, T, D), dh0: (N, H), dw: as Weights.
func Backward(dh *Node, cache Cache) (dx, dh0 *Node, dw Weights) {
	steps := dh.Shape().Dim(1)
	prevH, h := SliceAxis(cache.states, 1, AxisRange(0, steps)), SliceAxis(cache.states, 1, AxisRange(1))
	transposed := Transpose(cache.wh, 0, 1) // once, not in every step
	out := loop.Backwards(steps, []*Node{dh, h, transposed}, []*Node{loop.Zero(dh, cache.h0.Shape().Dimensions...), dh},
		func(t *Node, fixed, state []*Node) []*Node {
			dh, h, whT := fixed[0], fixed[1], fixed[2]
			dNext, all := state[0], state[1]
			da := stepBack(Add(loop.At(dh, 1, t), dNext), loop.At(h, 1, t))
			return []*Node{nn.Product(da, whT), loop.Put(all, 1, t, da)}
		})
	dh0, da := out[0], out[1]
	dx, dw.Wx, dw.B = temporal.AffineBackward(da, cache.affine)
	dw.Wh = nn.TProduct(prevH, da)
	return dx, dh0, dw
}
