// Package gradtest is the check that the tests of all hand-written gradients end with.
package gradtest

import (
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/gradcheck"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// Right checks a layer three ways: its gradients must be within the tolerance of the finite differences and,
// but for rounding, what GoMLX derives.
func Right(t *testing.T, l gradcheck.Layer, tolerance float64) {
	t.Helper()
	report, err := l.Check(testbackend.Get(t))
	require.NoError(t, err)
	for _, e := range report {
		require.Less(t, e.Numeric, tolerance, e.Name)
		require.Less(t, e.Autodiff, 1e-11, e.Name)
	}
}

// Network is a recurrent network over a sequence, in functions of x, h0, Wx, Wh, b.
type Network struct {
	Gates             int // width of the weights in units of the hidden state
	Forward, Unrolled func(in []*Node) *Node
	Backward          func(in []*Node, dh *Node) []*Node
}

// Sequence checks the gradient of n sequences of some steps three ways, and that the compiled loop computes what its
// unrolled form does. Inputs are drawn in the order of the assignment's notebooks.
func (net Network) Sequence(t *testing.T, n, steps, d, h int, tolerance float64) {
	t.Helper()
	s := rng.NewNumPy(231)
	randn := func(dims ...int) *tensors.Tensor { return gradcheck.Randn(s, dims...) }
	layer := gradcheck.Layer{
		Names:   []string{"dx", "dh0", "dWx", "dWh", "db"},
		Inputs:  []*tensors.Tensor{randn(n, steps, d), randn(n, h), randn(d, net.Gates*h), randn(h, net.Gates*h), randn(net.Gates * h)},
		DOut:    randn(n, steps, h),
		Forward: net.Unrolled, Backward: net.Backward,
	}
	Right(t, layer, tolerance)
	difference, err := gradcheck.Eval(testbackend.Get(t), func(in []*Node) *Node {
		return ReduceAllMax(Abs(Sub(net.Forward(in), net.Unrolled(in))))
	}, layer.Inputs...)
	require.NoError(t, err)
	require.Less(t, difference[0], 1e-14, "the loop computes what its unrolled form does")
}
