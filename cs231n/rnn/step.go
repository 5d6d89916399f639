// Package rnn implements the assignment's vanilla RNN: one time step and a whole sequence, each with a forward pass and a
// hand-written backward pass. Package lstm has the same functions for the LSTM.
//
// All functions build GoMLX graphs. In shapes N is the batch size, T the number of time steps, D the number of input
// features, H the number of hidden units. Wrong shapes panic while the graph is built, which GoMLX turns into an error.
package rnn

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/temporal"
)

// Weights are the parameters of the network, or their gradients.
type Weights struct {
	Wx *Node // (D, H)
	Wh *Node // (H, H)
	B  *Node // (H)
}

// StepCache holds the values of the forward pass that [StepBackward] needs.
type StepCache struct {
	prevH, wh, nextH *Node
	affine           temporal.AffineCache
}

// StepForward is one time step:
//
//	next_h = tanh(x·Wx + h·Wh + b)
//
// Shapes: x: (N, D), prevH: (N, H) -> (N, H).
func StepForward(x, prevH *Node, w Weights) (nextH *Node, cache StepCache) {
	check("StepForward", 2, x, prevH, w)
	// BEGIN SOLUTION rnn-step-forward
	xWx, affine := temporal.AffineForward(x, w.Wx, w.B)
	nextH = step(xWx, prevH, w.Wh)
	return nextH, StepCache{prevH: prevH, wh: w.Wh, nextH: nextH, affine: affine}
	// END SOLUTION
}

// BEGIN SOLUTION

// step is a time step with a given x·Wx + b.
func step(xWx, prevH, wh *Node) *Node { return Tanh(Add(xWx, nn.Product(prevH, wh))) }

// END SOLUTION

// StepBackward is the backward pass of [StepForward]. With the argument a of tanh,
//
//	da = dnext_h ∘ (1 − next_h²)
//	dx = da·Wxᵀ    dh = da·Whᵀ    dWx = xᵀ·da    dWh = hᵀ·da    db = Σ da over the batch
//
// Shapes: dNextH: (N, H) -> dx: (N, D), dPrevH: (N, H), dw: as Weights.
func StepBackward(dNextH *Node, cache StepCache) (dx, dPrevH *Node, dw Weights) {
	// BEGIN SOLUTION rnn-step-backward
	da := stepBack(dNextH, cache.nextH)
	dx, dw.Wx, dw.B = temporal.AffineBackward(da, cache.affine)
	dw.Wh = nn.TProduct(cache.prevH, da)
	return dx, nn.ProductT(da, cache.wh), dw
	// END SOLUTION
}

// BEGIN SOLUTION

// stepBack returns the gradient of a. It avoids the constant 1, which the body of a compiled loop must not share with the
// rest of the graph.
func stepBack(dNextH, nextH *Node) *Node { return Sub(dNextH, Mul(dNextH, Square(nextH))) }

// END SOLUTION

// check panics if the shapes of x, h and w do not match. The affine map checks the other dimensions.
func check(name string, rank int, x, h *Node, w Weights) {
	if x.Rank() != rank || h.Rank() != 2 || x.Shape().Dim(0) != h.Shape().Dim(0) ||
		w.Wh.Shape().Check(h.DType(), h.Shape().Dim(1), h.Shape().Dim(1)) != nil || w.Wx.Shape().Dim(-1) != w.Wh.Shape().Dim(1) {
		panic(fmt.Errorf("rnn: %s of x %s and h %s with Wx %s and Wh %s: the shapes do not match, see its documentation",
			name, x.Shape(), h.Shape(), w.Wx.Shape(), w.Wh.Shape()))
	}
}
