// Package lstm is the long short-term memory of Hochreiter and Schmidhuber (1997) as the assignment defines
// it: one time step and a whole sequence, each forward and, by hand, backward. Package rnn has the same
// functions for the vanilla network.
//
// All functions build GoMLX graphs. Shapes are written with N for the batch, T for time steps, D for input
// features, H for hidden units. Wrong shapes panic while the graph is built, which GoMLX turns into an error.
package lstm

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/cs231n-go/assignment3/cs231n/temporal"
)

// gates are the four parts of a step's activations, (N, H) each, in the order of the weights' columns:
// what to write, what to keep, what to show, and the new content.
type gates struct{ input, forget, output, content *Node }

// StepCache is what [StepBackward] needs of the forward pass.
type StepCache struct {
	prevH, prevC, wh, nextC *Node
	gates                   gates
	affine                  temporal.AffineCache
}

// StepForward is one time step:
//
//	a = x·Wx + h·Wh + b, cut into four: i, f, o, g
//	i, f, o ← sigmoid(i, f, o)    g ← tanh(g)
//	next_c = f∘c + i∘g
//	next_h = o∘tanh(next_c)
//
// Shapes: x: (N, D), prevH, prevC: (N, H), wx: (D, 4H), wh: (H, 4H), b: (4H) -> nextH, nextC: (N, H).
func StepForward(x, prevH, prevC, wx, wh, b *Node) (nextH, nextC *Node, cache StepCache) {
	check("StepForward", 2, x, prevH, wx, wh)
	xWx, affine := temporal.AffineForward(x, wx, b)
	nextH, nextC, gates := step(xWx, prevH, prevC, wh)
	return nextH, nextC, StepCache{prevH, prevC, wh, nextC, gates, affine}
}

// step is a time step where x·Wx + b is known.
func step(xWx, prevH, prevC, wh *Node) (nextH, nextC *Node, gates gates) {
	gates = cut(Add(xWx, Dot(prevH, wh).Product()))
	gates.input, gates.forget, gates.output = Sigmoid(gates.input), Sigmoid(gates.forget), Sigmoid(gates.output)
	gates.content = Tanh(gates.content)
	nextC = Add(Mul(gates.forget, prevC), Mul(gates.input, gates.content))
	return Mul(gates.output, Tanh(nextC)), nextC, gates
}

// cut splits (N, 4H) into four times (N, H).
func cut(a *Node) gates {
	units := a.Shape().Dim(-1) / 4
	part := func(i int) *Node { return SliceAxis(a, -1, AxisRange(i*units, (i+1)*units)) }
	return gates{part(0), part(1), part(2), part(3)}
}

// joined is the inverse of cut.
func (g gates) joined() *Node {
	return Concatenate([]*Node{g.input, g.forget, g.output, g.content}, -1)
}

// StepBackward takes the gradients of next_h and next_c to everything that made them. The cell is reached
// on two ways, since next_h depends on it as well:
//
//	dc = dnext_c + dnext_h∘o∘(1 − tanh²(next_c))    dprev_c = dc∘f
//	da = [dc∘g∘i∘(1 − i)   dc∘c∘f∘(1 − f)   dnext_h∘tanh(next_c)∘o∘(1 − o)   dc∘i∘(1 − g²)]
//	dx = da·Wxᵀ    dprev_h = da·Whᵀ    dWx = xᵀ·da    dWh = hᵀ·da    db = Σ da over the batch
//
// Shapes: dNextH, dNextC: (N, H) -> dx: (N, D), dPrevH, dPrevC: (N, H), dwx: (D, 4H), dwh: (H, 4H), db: (4H).
func StepBackward(dNextH, dNextC *Node, cache StepCache) (dx, dPrevH, dPrevC, dwx, dwh, db *Node) {
	da, dPrevC := stepBack(dNextH, dNextC, cache.prevC, cache.nextC, cache.gates)
	dx, dwx, db = temporal.AffineBackward(da, cache.affine)
	return dx, dotT(da, cache.wh), dPrevC, dwx, temporal.SumOuter(cache.prevH, da), db
}

// stepBack returns the gradients of a and of prev_c. It is written without the constant 1, which the body of
// a compiled loop could not share with the rest of the graph.
func stepBack(dNextH, dNextC, prevC, nextC *Node, g gates) (da, dPrevC *Node) {
	tanhC := Tanh(nextC)
	dc := Add(dNextC, throughTanh(Mul(dNextH, g.output), tanhC))
	return gates{
		input:   throughSigmoid(Mul(dc, g.content), g.input),
		forget:  throughSigmoid(Mul(dc, prevC), g.forget),
		output:  throughSigmoid(Mul(dNextH, tanhC), g.output),
		content: throughTanh(Mul(dc, g.input), g.content),
	}.joined(), Mul(dc, g.forget)
}

// throughTanh is dy∘(1 − y²), throughSigmoid dy∘y∘(1 − y).
func throughTanh(dy, y *Node) *Node { return Sub(dy, Mul(dy, Square(y))) }
func throughSigmoid(dy, y *Node) *Node {
	dy = Mul(dy, y)
	return Sub(dy, Mul(dy, y))
}

// dotT is the matrix product a·bᵀ.
func dotT(a, b *Node) *Node { return Dot(a, b).General([]int{1}, nil, []int{1}, nil) }

// check panics with the shapes unless the hidden state fits the input and the weights; rank is that of x.
// The rest is seen by the affine map.
func check(name string, rank int, x, h, wx, wh *Node) {
	if x.Rank() != rank || h.Rank() != 2 || x.Shape().Dim(0) != h.Shape().Dim(0) ||
		wh.Shape().Check(h.DType(), h.Shape().Dim(1), 4*h.Shape().Dim(1)) != nil || wx.Shape().Dim(-1) != wh.Shape().Dim(1) {
		panic(fmt.Errorf("lstm: %s of x %s and h %s with Wx %s and Wh %s: the shapes do not fit, see its documentation",
			name, x.Shape(), h.Shape(), wx.Shape(), wh.Shape()))
	}
}
