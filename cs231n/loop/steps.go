package loop

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// Steps runs several training steps in one call of a compiled program. Between steps XLA updates parameters and
// optimizer state in place. Between calls it allocates new arrays for them.
type Steps struct {
	Max     int               // maximum number of steps per call; with 1 the program has no loop
	Vars    []*model.Variable // variables that a step may change
	Outputs []shapes.Shape    // shapes of a step's outputs
}

// Supported reports whether a backend can run loops. GoMLX's pure-Go backend cannot, since it has no dynamic slices.
func Supported(backend compute.Backend) bool {
	can := backend.Capabilities()
	return can.Functions && can.Operations[compute.OpTypeDynamicSlice] && can.Operations[compute.OpTypeDynamicUpdateSlice]
}

// Run takes n steps. A step gets the fixed values and its slice of each array in each. It reads and sets Vars as without a
// loop, and follows the rules for a body in [For].
//
// Shapes: n: scalar int32 in [1, Max], each: (Max, …) -> (Max, …) for each output, zeros from position n on.
func (s Steps) Run(n *Node, fixed, each []*Node, step func(fixed, each []*Node) []*Node) []*Node {
	g := n.Graph()
	if s.Max == 1 {
		var only, outputs []*Node
		for _, v := range each {
			only = append(only, Squeeze(v, 0))
		}
		for _, out := range step(fixed, only) {
			outputs = append(outputs, ExpandAxes(out, 0))
		}
		return outputs
	}
	var state []*Node
	for _, v := range s.Vars {
		state = append(state, v.NodeValue(g))
	}
	for _, shape := range s.Outputs {
		state = append(state, zeros(g, shape.DType, slices.Insert(slices.Clone(shape.Dimensions), 0, s.Max)...))
	}
	more := func(t *Node, fixed []*Node) *Node { return LessThan(t, fixed[0]) }
	state = run(more, slices.Concat([]*Node{n}, fixed, each), state, func(t *Node, values, state []*Node) []*Node {
		for i, v := range s.Vars {
			v.SetNodeValue(state[i])
		}
		var each []*Node
		for _, v := range values[1+len(fixed):] {
			each = append(each, At(v, 0, t))
		}
		outputs := slices.Clone(state[len(s.Vars):])
		for i, out := range step(values[1:1+len(fixed)], each) {
			outputs[i] = Put(outputs[i], 0, t, out)
		}
		var next []*Node
		for _, v := range s.Vars {
			next = append(next, v.NodeValue(g))
		}
		return append(next, outputs...)
	})
	for i, v := range s.Vars {
		v.SetNodeValue(state[i])
	}
	return state[len(s.Vars):]
}
