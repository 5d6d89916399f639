// Package loop builds loops inside a compiled program. The body is compiled once. An unrolled program would take longer to
// compile, and a loop on the host would pay for a call in each iteration.
//
// GoMLX cannot differentiate such a loop, so packages rnn and lstm have hand-written backward passes. GoMLX 0.28 cannot nest
// loops either.
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

// For runs body n times, for t = 0 … n−1, and returns the final state. It panics if the state is empty or the
// body returns a state of another length.
//
// The body is compiled as a separate function, so it cannot use nodes from outside. Pass outer values through fixed. Create
// constants with Const: MulScalar, AddScalar, OneMinus, Scalar and ZerosLike share a constant with the rest of the graph if
// it uses the same one.
func For(n int, fixed, state []*Node, body Body) []*Node {
	return run(below(n), fixed, state, body)
}

// Times is [For] with an n that is known only when the program runs.
//
// Shapes: n: scalar int32.
func Times(n *Node, fixed, state []*Node, body Body) []*Node {
	more := func(t *Node, fixed []*Node) *Node { return LessThan(t, fixed[0]) }
	return run(more, slices.Concat([]*Node{n}, fixed), state, func(t *Node, fixed, state []*Node) []*Node {
		return body(t, fixed[1:], state)
	})
}

// Backwards is [For] with t = n−1 … 0.
func Backwards(n int, fixed, state []*Node, body Body) []*Node {
	return run(below(n), fixed, state, func(i *Node, fixed, state []*Node) []*Node {
		return body(Sub(Const(i.Graph(), int32(n-1)), i), fixed, state)
	})
}

// Body is one iteration of a loop; see [For]. It gets the iteration t, a scalar int32, the fixed values and the current
// state. It returns the next state in the same order and with the same shapes.
type Body func(t *Node, fixed, state []*Node) []*Node

// below returns the condition t < n.
func below(n int) func(t *Node, fixed []*Node) *Node {
	return func(t *Node, _ []*Node) *Node { return LessThan(t, Const(t.Graph(), int32(n))) }
}

// run repeats body while condition is true for the iteration t and the fixed values.
func run(condition func(t *Node, fixed []*Node) *Node, fixed, state []*Node, body Body) []*Node {
	if len(state) == 0 {
		panic(errors.New("loop: the state is empty"))
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
	more := NewClosure(g, func(g *Graph) []*Node {
		values := parameters(g)
		return []*Node{condition(values[0], values[1+len(state):])}
	})
	iteration := NewClosure(g, func(g *Graph) []*Node {
		values := parameters(g)
		t, state, fixed := values[0], values[1:1+len(state)], values[1+len(state):]
		next := body(t, fixed, state)
		if len(next) != len(state) {
			panic(fmt.Errorf("loop: the body returns %d values for a state of %d", len(next), len(state)))
		}
		return slices.Concat([]*Node{Next(t)}, next, fixed)
	})
	return While(more, iteration, initial...)[1 : 1+len(state)]
}

// Next returns t + 1.
func Next(t *Node) *Node { return Add(t, Const(t.Graph(), int32(1))) }

// Zero returns zeros of x's type, for the initial state of a loop. It has the given dimensions.
func Zero(x *Node, dims ...int) *Node { return zeros(x.Graph(), x.DType(), dims...) }

func zeros(g *Graph, dtype dtypes.DType, dims ...int) *Node {
	return BroadcastToDims(ConstTensor(g, tensors.FromShape(shapes.Make(dtype))), dims...)
}

// Buffer returns an array with a new axis of length n, with first at position 0 and zeros elsewhere.
//
// Shapes: first: (…, …) -> (…, n, …).
func Buffer(first *Node, axis, n int) *Node {
	dims := slices.Insert(slices.Clone(first.Shape().Dimensions), axis, n)
	return Put(Zero(first, dims...), axis, Const(first.Graph(), int32(0)), first)
}

// At returns the slice of x at position t of an axis, without that axis. XLA clamps t to [0, T−1].
//
// Shapes: x: (…, T, …), t: scalar int32 -> (…, …).
func At(x *Node, axis int, t *Node) *Node {
	dims := slices.Clone(x.Shape().Dimensions)
	dims[axis] = 1
	return Squeeze(DynamicSlice(x, starts(x, axis, t), dims), axis)
}

// Put returns x with value as its slice at position t of an axis. Inside a loop XLA writes in place. It clamps t to
// [0, T−1].
//
// Shapes: x: (…, T, …), t: scalar int32, value: (…, …) -> (…, T, …).
func Put(x *Node, axis int, t, value *Node) *Node {
	return DynamicUpdateSlice(x, ExpandAxes(value, axis), starts(x, axis, t))
}

// starts returns the start indices of x's slice at position t. It panics on a backend without dynamic slices.
func starts(x *Node, axis int, t *Node) []*Node {
	if backend := x.Graph().Backend(); !Supported(backend) {
		panic(fmt.Errorf("loop: the backend %s cannot run loops over time, which recurrent networks, captions and finite differences need; run `make setup` to install XLA's plugin, or `cs231n doctor` to find the problem", backend.Name()))
	}
	s := make([]*Node, x.Rank())
	for i := range s {
		s[i] = Const(t.Graph(), int32(0))
	}
	s[axis] = t
	return s
}
