// Package rnn is the vanilla recurrent network of the assignment: one time step and a whole sequence, each
// forward and, by hand, backward. Package lstm has the same functions for the long short-term memory.
//
// All functions build GoMLX graphs. Shapes are written with N for the batch, T for time steps, D for input
// features, H for hidden units. Wrong shapes panic while the graph is built, which GoMLX turns into an error.
package rnn

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/cs231n-go/assignment3/cs231n/temporal"
)

// StepCache is what [StepBackward] needs of the forward pass.
type StepCache struct {
	prevH, wh, nextH *Node
	affine           temporal.AffineCache
}

// StepForward is one time step:
//
//	next_h = tanh(x·Wx + h·Wh + b)
//
// Shapes: x: (N, D), prevH: (N, H), wx: (D, H), wh: (H, H), b: (H) -> (N, H).
func StepForward(x, prevH, wx, wh, b *Node) (nextH *Node, cache StepCache) {
	check("StepForward", 2, x, prevH, wx, wh)
	xWx, affine := temporal.AffineForward(x, wx, b)
	nextH = step(xWx, prevH, wh)
	return nextH, StepCache{prevH, wh, nextH, affine}
}

// step is a time step where x·Wx + b is known.
func step(xWx, prevH, wh *Node) *Node { return Tanh(Add(xWx, Dot(prevH, wh).Product())) }

// StepBackward takes the gradient of next_h to everything that made it. With a for the argument of tanh,
//
//	da = dnext_h ∘ (1 − next_h²)
//	dx = da·Wxᵀ    dh = da·Whᵀ    dWx = xᵀ·da    dWh = hᵀ·da    db = Σ da over the batch
//
// Shapes: dNextH: (N, H) -> dx: (N, D), dPrevH: (N, H), dwx: (D, H), dwh: (H, H), db: (H).
func StepBackward(dNextH *Node, cache StepCache) (dx, dPrevH, dwx, dwh, db *Node) {
	da := stepBack(dNextH, cache.nextH)
	dx, dwx, db = temporal.AffineBackward(da, cache.affine)
	return dx, dotT(da, cache.wh), dwx, temporal.SumOuter(cache.prevH, da), db
}

// stepBack is the gradient of the argument of tanh. It is written without the constant 1, which the body of
// a compiled loop could not share with the rest of the graph.
func stepBack(dNextH, nextH *Node) *Node { return Sub(dNextH, Mul(dNextH, Square(nextH))) }

// dotT is the matrix product a·bᵀ.
func dotT(a, b *Node) *Node { return Dot(a, b).General([]int{1}, nil, []int{1}, nil) }

// check panics with the shapes unless the hidden state fits the input and the weights; rank is that of x.
// The rest is seen by the affine map.
func check(name string, rank int, x, h, wx, wh *Node) {
	if x.Rank() != rank || h.Rank() != 2 || x.Shape().Dim(0) != h.Shape().Dim(0) ||
		wh.Shape().Check(h.DType(), h.Shape().Dim(1), h.Shape().Dim(1)) != nil || wx.Shape().Dim(-1) != wh.Shape().Dim(1) {
		panic(fmt.Errorf("rnn: %s of x %s and h %s with Wx %s and Wh %s: the shapes do not fit, see its documentation",
			name, x.Shape(), h.Shape(), wx.Shape(), wh.Shape()))
	}
}
