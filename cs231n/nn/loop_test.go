package nn_test

import (
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/loop"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// TestBackwardInLoop builds the backward pass of convolutions in the body of a compiled loop, where training steps are. The
// gradients are those outside of a loop.
func TestBackwardInLoop(t *testing.T) {
	t.Parallel()
	if !loop.Supported(testbackend.Get(t)) {
		t.Skip("the backend has no loops")
	}
	stream := rng.NewNumPy(231)
	net := nn.Sequential(nn.Conv2d(2, 4, 4, nil, nn.Stride(2), nn.Padding(1)), nn.GroupNorm(2, 4), nn.SiLU(),
		nn.Conv2d(4, 3, 3, nil, nn.Padding(1)), nn.SiLU(), nn.Conv2d(3, 3, 1, nil))
	randomize(t, net.Params(), stream)
	// flat lists the gradients of Σ y².
	flat := func(p nn.Values, x *Node) *Node {
		y, back := net.Forward(p, x)
		dx, dparams := back(MulScalar(y, 2))
		all := []*Node{Reshape(dx, -1)}
		for _, d := range dparams {
			all = append(all, Reshape(d, -1))
		}
		return Concatenate(all, 0)
	}
	x := normals(stream, 2, 3, 6, 4, 2) // two minibatches
	compute := func(graph func(p nn.Values, in []*Node) []*Node) *tensors.Tensor {
		out, err := nn.Compute(testbackend.Get(t), net.Params(), []any{x}, graph)
		require.NoError(t, err)
		return out[0]
	}
	want := compute(func(p nn.Values, in []*Node) []*Node {
		first, second := Slice(in[0], AxisElem(0)), Slice(in[0], AxisElem(1))
		return []*Node{Stack([]*Node{flat(p, Squeeze(first, 0)), flat(p, Squeeze(second, 0))}, 0)}
	})
	got := compute(func(p nn.Values, in []*Node) []*Node {
		steps := loop.Steps{Max: 2, Outputs: []shapes.Shape{shapes.Make(dtypes.Float64, want.Shape().Dim(1))}}
		return steps.Run(Const(in[0].Graph(), int32(2)), p.Of(net.Params()), in, func(fixed, each []*Node) []*Node {
			return []*Node{flat(nn.Bind(net.Params(), fixed), each[0])}
		})
	})
	requireClose(t, want, got, 1e-11, 1e-12, "gradients")
}
