package temporal

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// At returns the values of x at time step t.
//
// Shapes: x: (N, T, …), 0 ≤ t < T -> (N, …).
func At(x *Node, t int) *Node { return Squeeze(SliceAxis(x, 1, AxisElem(t)), 1) }
