// Package lstm implements the assignment's LSTM (Hochreiter and Schmidhuber 1997): one time step and a whole sequence, each
// with a forward pass and a hand-written backward pass. Package rnn has the same functions for the vanilla RNN.
//
// All functions build GoMLX graphs. In shapes N is the batch size, T the number of time steps, D the number of input
// features, H the number of hidden units. Wrong shapes panic while the graph is built, which GoMLX turns into an error.
package lstm

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/temporal"
)

// Weights are the parameters of the network, or their gradients. The columns are those of the input gate, the forget gate,
// the output gate and the block input, H each.
type Weights struct {
	Wx *Node // (D, 4H)
	Wh *Node // (H, 4H)
	B  *Node // (4H)
}

// gates are the activations of a step, (N, H) each, in the order of the columns of the weights.
type gates struct{ input, forget, output, block *Node }

// StepCache holds the values of the forward pass that [StepBackward] needs.
type StepCache struct {
	prevH, prevC, wh, nextC *Node
	gates                   gates
	affine                  temporal.AffineCache
}

// StepForward is one time step:
//
//	a = x·Wx + h·Wh + b, split into four: i, f, o, g
//	i, f, o ← sigmoid(i, f, o)    g ← tanh(g)
//	next_c = f∘c + i∘g
//	next_h = o∘tanh(next_c)
//
// Shapes: x: (N, D), prevH, prevC: (N, H) -> nextH, nextC: (N, H).
func StepForward(x, prevH, prevC *Node, w Weights) (nextH, nextC *Node, cache StepCache) {
	check("StepForward", 2, x, prevH, w)
	if !prevC.Shape().Equal(prevH.Shape()) {
		panic(fmt.Errorf("lstm: StepForward of a cell state %s with a hidden state %s: want the same shape", prevC.Shape(), prevH.Shape()))
	}
	// BEGIN SOLUTION lstm-step-forward
	xWx, affine := temporal.AffineForward(x, w.Wx, w.B)
	nextH, nextC, gates := step(xWx, prevH, prevC, w.Wh)
	return nextH, nextC, StepCache{prevH: prevH, prevC: prevC, wh: w.Wh, nextC: nextC, gates: gates, affine: affine}
	// END SOLUTION
}

// BEGIN SOLUTION

// step is a time step with a given x·Wx + b.
func step(xWx, prevH, prevC, wh *Node) (nextH, nextC *Node, gates gates) {
	gates = split(Add(xWx, nn.Product(prevH, wh)))
	gates.input, gates.forget, gates.output = Sigmoid(gates.input), Sigmoid(gates.forget), Sigmoid(gates.output)
	gates.block = Tanh(gates.block)
	nextC = Add(Mul(gates.forget, prevC), Mul(gates.input, gates.block))
	return Mul(gates.output, Tanh(nextC)), nextC, gates
}

// split splits (N, 4H) into four arrays (N, H).
func split(a *Node) gates {
	units := a.Shape().Dim(-1) / 4
	part := func(i int) *Node { return SliceAxis(a, -1, AxisRange(i*units, (i+1)*units)) }
	return gates{part(0), part(1), part(2), part(3)}
}

// joined is the inverse of split.
func (g gates) joined() *Node {
	return Concatenate([]*Node{g.input, g.forget, g.output, g.block}, -1)
}

// END SOLUTION

// StepBackward is the backward pass of [StepForward]. The cell state affects the loss directly and through next_h:
//
//	dc = dnext_c + dnext_h∘o∘(1 − tanh²(next_c))    dprev_c = dc∘f
//	da = [dc∘g∘i∘(1 − i)   dc∘c∘f∘(1 − f)   dnext_h∘tanh(next_c)∘o∘(1 − o)   dc∘i∘(1 − g²)]
//	dx = da·Wxᵀ    dprev_h = da·Whᵀ    dWx = xᵀ·da    dWh = hᵀ·da    db = Σ da over the batch
//
// Shapes: dNextH, dNextC: (N, H) -> dx: (N, D), dPrevH, dPrevC: (N, H), dw: as Weights.
func StepBackward(dNextH, dNextC *Node, cache StepCache) (dx, dPrevH, dPrevC *Node, dw Weights) {
	// BEGIN SOLUTION lstm-step-backward
	da, dPrevC := stepBack(dNextH, dNextC, cache.prevC, cache.nextC, cache.gates)
	dx, dw.Wx, dw.B = temporal.AffineBackward(da, cache.affine)
	dw.Wh = nn.TProduct(cache.prevH, da)
	return dx, nn.ProductT(da, cache.wh), dPrevC, dw
	// END SOLUTION
}

// BEGIN SOLUTION

// stepBack returns the gradients of a and prev_c. It avoids the constant 1, which the body of a compiled loop must not share
// with the rest of the graph.
func stepBack(dNextH, dNextC, prevC, nextC *Node, g gates) (da, dPrevC *Node) {
	tanhC := Tanh(nextC)
	dc := Add(dNextC, throughTanh(Mul(dNextH, g.output), tanhC))
	return gates{
		input:  throughSigmoid(Mul(dc, g.block), g.input),
		forget: throughSigmoid(Mul(dc, prevC), g.forget),
		output: throughSigmoid(Mul(dNextH, tanhC), g.output),
		block:  throughTanh(Mul(dc, g.input), g.block),
	}.joined(), Mul(dc, g.forget)
}

// throughTanh is dy∘(1 − y²). throughSigmoid is dy∘y∘(1 − y).
func throughTanh(dy, y *Node) *Node { return Sub(dy, Mul(dy, Square(y))) }
func throughSigmoid(dy, y *Node) *Node {
	dy = Mul(dy, y)
	return Sub(dy, Mul(dy, y))
}

// END SOLUTION

// check panics if the shapes of x, h and w do not match. The affine map checks the other dimensions.
func check(name string, rank int, x, h *Node, w Weights) {
	if x.Rank() != rank || h.Rank() != 2 || x.Shape().Dim(0) != h.Shape().Dim(0) ||
		w.Wh.Shape().Check(h.DType(), h.Shape().Dim(1), 4*h.Shape().Dim(1)) != nil || w.Wx.Shape().Dim(-1) != w.Wh.Shape().Dim(1) {
		panic(fmt.Errorf("lstm: %s of x %s and h %s with Wx %s and Wh %s: the shapes do not match, see its documentation",
			name, x.Shape(), h.Shape(), w.Wx.Shape(), w.Wh.Shape()))
	}
}
