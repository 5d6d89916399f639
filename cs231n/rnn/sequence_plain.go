//go:build plain

package rnn

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/cs231n-go/assignment3/cs231n/temporal"
)

// Cache holds the values of the forward pass that [Backward] needs.
type Cache struct {
	steps []StepCache
}

// Forward runs the network over a sequence, starting from the hidden state h0. It calls [StepForward] for each time step;
// [temporal.At] returns the input of a step.
//
// Shapes: x: (N, T, D), h0: (N, H) -> (N, T, H), the hidden state after every step.
func Forward(x, h0 *Node, w Weights) (h *Node, cache Cache) {
	check("Forward", 3, x, h0, w)
	// BEGIN SOLUTION rnn-forward
	states := make([]*Node, x.Shape().Dim(1))
	cache.steps = make([]StepCache, len(states))
	state := h0
	for t := range states {
		state, cache.steps[t] = StepForward(temporal.At(x, t), state, w)
		states[t] = state
	}
	return Stack(states, 1), cache
	// END SOLUTION
}

// ForwardUnrolled is [Forward] without the cache. GoMLX can derive its gradient.
//
// Shapes: as [Forward].
func ForwardUnrolled(x, h0 *Node, w Weights) (h *Node) {
	check("ForwardUnrolled", 3, x, h0, w)
	h, _ = Forward(x, h0, w)
	return h
}

// Backward is the backward pass of [Forward], from the last step to the first. It calls [StepBackward] for each time step.
// A hidden state affects the loss directly and through the next hidden state, so its gradient is the sum of dh[t] and the
// gradient that the next step returns. The gradient of each weight is a sum over time.
//
// Shapes: dh: (N, T, H) -> dx: (N, T, D), dh0: (N, H), dw: as Weights.
func Backward(dh *Node, cache Cache) (dx, dh0 *Node, dw Weights) {
	// BEGIN SOLUTION rnn-backward
	last := len(cache.steps) - 1
	dxs := make([]*Node, len(cache.steps))
	dxs[last], dh0, dw = StepBackward(temporal.At(dh, last), cache.steps[last])
	for t := last - 1; t >= 0; t-- {
		var d Weights
		dxs[t], dh0, d = StepBackward(Add(temporal.At(dh, t), dh0), cache.steps[t])
		dw = Weights{Wx: Add(dw.Wx, d.Wx), Wh: Add(dw.Wh, d.Wh), B: Add(dw.B, d.B)}
	}
	return Stack(dxs, 1), dh0, dw
	// END SOLUTION
}
