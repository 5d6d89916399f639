// Package loop builds loops that run inside a compiled program: one loop body is compiled, however many
// times it runs. Written out step by step, a program grows with its number of steps, and so does the time
// that XLA takes to compile it; and a loop on the host pays for a call each time round.
//
// GoMLX derives no gradient of such a loop: whoever needs one writes it by hand, as packages rnn and lstm do.
// Nor can its version 0.28 build a loop inside a loop.
package loop

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// For runs body n times and returns the state after the last time. The body gets the number of the round,
// t = 0 … n−1 (a scalar int32), the fixed values, and the state that the round before left; it returns the
// next state, in the same order and shapes.
//
// The body becomes a function of its own in the compiled program, which sets two rules. It must use only
// what it is given, so every outer value that it needs belongs into fixed. And it must not share constants with
// the rest of the graph, as GoMLX does behind MulScalar, AddScalar, OneMinus, Scalar and ZerosLike: Const makes
// one that is the body's own. (Where nothing outside of one body uses such functions, the body may.)
func For(n int, fixed, state []*Node, body Body) []*Node {
	return run(below(n), fixed, state, body)
}

// Backwards is [For] with t = n−1 … 0.
func Backwards(n int, fixed, state []*Node, body Body) []*Node {
	return run(below(n), fixed, state, func(round *Node, fixed, state []*Node) []*Node {
		return body(Sub(Const(round.Graph(), int32(n-1)), round), fixed, state)
	})
}

// Body is one round of a loop; see [For].
type Body func(t *Node, fixed, state []*Node) []*Node

// below goes on while t < n.
func below(n int) func(t *Node, fixed []*Node) *Node {
	return func(t *Node, _ []*Node) *Node { return LessThan(t, Const(t.Graph(), int32(n))) }
}

// run repeats body as long as goesOn says so of the number of the round and the fixed values.
func run(goesOn func(t *Node, fixed []*Node) *Node, fixed, state []*Node, body Body) []*Node {
	if len(state) == 0 {
		panic(errors.New("loop: there is no state to hand from round to round"))
	}
	g := state[0].Graph()
	initial := slices.Concat([]*Node{Const(g, int32(0))}, state, fixed)
	parameters := func(g *Graph) []*Node {
		values := make([]*Node, len(initial))
		for i, v := range initial {
			values[i] = Parameter(g, fmt.Sprintf("value%d", i), v.Shape())
		}
		return values
	}
	condition := NewClosure(g, func(g *Graph) []*Node {
		values := parameters(g)
		return []*Node{goesOn(values[0], values[1+len(state):])}
	})
	round := NewClosure(g, func(g *Graph) []*Node {
		values := parameters(g)
		t, state, fixed := values[0], values[1:1+len(state)], values[1+len(state):]
		next := body(t, fixed, state)
		if len(next) != len(state) {
			panic(fmt.Errorf("loop: the body returns %d values for a state of %d", len(next), len(state)))
		}
		return slices.Concat([]*Node{Next(t)}, next, fixed)
	})
	return While(condition, round, initial...)[1 : 1+len(state)]
}

// Next is t + 1.
func Next(t *Node) *Node { return Add(t, Const(t.Graph(), int32(1))) }

// Zero makes zeros of x's type, for the state that a loop starts with.
func Zero(x *Node, dims ...int) *Node { return zeros(x.Graph(), x.DType(), dims...) }

func zeros(g *Graph, dtype dtypes.DType, dims ...int) *Node {
	return BroadcastToDims(ConstTensor(g, tensors.FromShape(shapes.Make(dtype))), dims...)
}

// Room makes room along a new axis for n values of one shape, with first in the first place.
//
// Shapes: first: (…, …) -> (…, n, …), zeros but for the first slice.
func Room(first *Node, axis, n int) *Node {
	dims := slices.Insert(slices.Clone(first.Shape().Dimensions), axis, n)
	return Put(Zero(first, dims...), axis, Const(first.Graph(), int32(0)), first)
}

// At returns the t-th slice of x along an axis, which is dropped.
//
// Shapes: x: (…, T, …), t: scalar int32 in [0, T) -> (…, …). A t outside is moved to the nearest end.
func At(x *Node, axis int, t *Node) *Node {
	dims := slices.Clone(x.Shape().Dimensions)
	dims[axis] = 1
	return Squeeze(DynamicSlice(x, starts(x, axis, t), dims), axis)
}

// Put returns x with value as its t-th slice along an axis; inside a loop this writes in place.
//
// Shapes: x: (…, T, …), t: scalar int32 in [0, T), value: (…, …) -> (…, T, …).
func Put(x *Node, axis int, t, value *Node) *Node {
	return DynamicUpdateSlice(x, ExpandAxes(value, axis), starts(x, axis, t))
}

// starts are the indices of the corner of x's t-th slice. It panics on a backend that could not cut it.
func starts(x *Node, axis int, t *Node) []*Node {
	if backend := x.Graph().Backend(); !Works(backend) {
		panic(fmt.Errorf("loop: %s cannot run loops over time, which recurrent networks, captions and finite differences need; run `make setup` for XLA's plugin, `cs231n doctor` shows what was found", backend.Name()))
	}
	s := make([]*Node, x.Rank())
	for i := range s {
		s[i] = Const(t.Graph(), int32(0))
	}
	s[axis] = t
	return s
}
