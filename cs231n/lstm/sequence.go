//go:build !plain

package lstm

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/cs231n-go/assignment3/cs231n/loop"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/temporal"
)

// Cache holds the values of the forward pass that [Backward] needs.
type Cache struct {
	h0, wh        *Node
	states, cells *Node // (N, T+1, H), all hidden and cell states, the initial ones included
	gates         *Node // (N, T, 4H)
	affine        temporal.AffineCache
}

// Forward runs the network over a sequence, starting from the hidden state h0 and the cell state 0.
//
// The part of a step that does not depend on the previous step, x·Wx + b, is one large matrix product for all steps. The
// rest is a loop inside the compiled program.
//
// Shapes: x: (N, T, D), h0: (N, H) -> (N, T, H), the hidden state after every step.
func Forward(x, h0 *Node, w Weights) (h *Node, cache Cache) {
	check("Forward", 3, x, h0, w)
	xWx, affine := temporal.AffineForward(x, w.Wx, w.B)
	steps, c0 := x.Shape().Dim(1), loop.Zero(h0, h0.Shape().Dimensions...)
	out := loop.For(steps, []*Node{xWx, w.Wh}, []*Node{h0, c0, loop.Buffer(h0, 1, steps+1), loop.Buffer(c0, 1, steps+1), xWx},
		func(t *Node, fixed, state []*Node) []*Node {
			xWx, wh := fixed[0], fixed[1]
			h, c, states, cells, all := state[0], state[1], state[2], state[3], state[4]
			h, c, gates := step(loop.At(xWx, 1, t), h, c, wh)
			next := loop.Next(t)
			return []*Node{h, c, loop.Put(states, 1, next, h), loop.Put(cells, 1, next, c), loop.Put(all, 1, t, gates.joined())}
		})
	states, cells, gates := out[2], out[3], out[4]
	return SliceAxis(states, 1, AxisRange(1)), Cache{h0, w.Wh, states, cells, gates, affine}
}

// ForwardUnrolled is [Forward] as T calls of [StepForward], the assignment's form. GoMLX can derive its gradient, but the
// size of the program grows with T.
//
// Shapes: as [Forward].
func ForwardUnrolled(x, h0 *Node, w Weights) (h *Node) {
	check("ForwardUnrolled", 3, x, h0, w)
	var states []*Node
	c := loop.Zero(h0, h0.Shape().Dimensions...)
	for t := range x.Shape().Dim(1) {
		h0, c, _ = StepForward(temporal.At(x, t), h0, c, w)
		states = append(states, h0)
	}
	return Stack(states, 1)
}

// Backward is the backward pass of [Forward], from the last step to the first. A hidden state affects the loss directly and
// through the next step, a cell state only through the next step. The gradient of each weight is a sum over time, computed
// as one large matrix product.
//
// Shapes: dh: (N, T, H) -> dx: (N, T, D), dh0: (N, H), dw: as Weights.
func Backward(dh *Node, cache Cache) (dx, dh0 *Node, dw Weights) {
	steps := dh.Shape().Dim(1)
	zero := loop.Zero(dh, cache.h0.Shape().Dimensions...)
	transposed := Transpose(cache.wh, 0, 1) // once, not in every step
	out := loop.Backwards(steps, []*Node{dh, cache.cells, cache.gates, transposed}, []*Node{zero, zero, cache.gates},
		func(t *Node, fixed, state []*Node) []*Node {
			dh, cells, gates, whT := fixed[0], fixed[1], fixed[2], fixed[3]
			dNextH, dNextC, all := state[0], state[1], state[2]
			da, dc := stepBack(Add(loop.At(dh, 1, t), dNextH), dNextC,
				loop.At(cells, 1, t), loop.At(cells, 1, loop.Next(t)), split(loop.At(gates, 1, t)))
			return []*Node{nn.Product(da, whT), dc, loop.Put(all, 1, t, da)}
		})
	dh0, da := out[0], out[2]
	dx, dw.Wx, dw.B = temporal.AffineBackward(da, cache.affine)
	dw.Wh = nn.TProduct(SliceAxis(cache.states, 1, AxisRange(0, steps)), da)
	return dx, dh0, dw
}
