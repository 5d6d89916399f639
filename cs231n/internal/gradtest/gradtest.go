// Package gradtest tests hand-written gradients.
package gradtest

import (
	"os"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/arrays"
	"github.com/cs231n-go/assignment3/cs231n/gradcheck"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// Check checks the gradients of a layer: they must agree with finite differences to the tolerance and with GoMLX's gradients
// except for rounding. If XLA_FLAGS turns XLA's optimization off, the finite differences have three times the rounding error,
// so the tolerance is four times as large.
func Check(t *testing.T, l gradcheck.Layer, tolerance float64) {
	t.Helper()
	if strings.Contains(os.Getenv("XLA_FLAGS"), "--xla_backend_optimization_level=0") {
		tolerance *= 4
	}
	report, err := l.Check(testbackend.Get(t))
	require.NoError(t, err)
	for _, e := range report {
		require.Less(t, e.Numeric, tolerance, e.Name)
		require.Less(t, e.Autodiff, 1e-11, e.Name)
	}
}

// Network is a recurrent network as functions of x, h0, Wx, Wh and b.
type Network struct {
	Package                 string // prefix of its error messages
	Gates                   int    // width of the weights in units of the hidden state
	Step, Forward, Unrolled func(in []*Node) *Node
	Backward                func(in []*Node, dh *Node) []*Node
}

// Sequence checks the gradients for n sequences three ways, and that the compiled loop agrees with the unrolled form. It
// draws the inputs in the order of the assignment's notebooks.
func (net Network) Sequence(t *testing.T, n, steps, d, h int, tolerance float64) {
	t.Helper()
	s := rng.NewNumPy(231)
	randn := func(dims ...int) *tensors.Tensor { return arrays.Randn(s, dims...) }
	layer := gradcheck.Layer{
		Names:   []string{"dx", "dh0", "dWx", "dWh", "db"},
		Inputs:  []*tensors.Tensor{randn(n, steps, d), randn(n, h), randn(d, net.Gates*h), randn(h, net.Gates*h), randn(net.Gates * h)},
		DOut:    randn(n, steps, h),
		Forward: net.Unrolled, Backward: net.Backward,
	}
	Check(t, layer, tolerance)
	difference, err := gradcheck.Eval(testbackend.Get(t), func(in []*Node) *Node {
		return ReduceAllMax(Abs(Sub(net.Forward(in), net.Unrolled(in))))
	}, layer.Inputs...)
	require.NoError(t, err)
	require.Less(t, difference[0], 1e-14, "the loop agrees with its unrolled form")
}

// Shapes calls each function with wrong shapes and expects errors that name the function and the shape.
func (net Network) Shapes(t *testing.T) {
	t.Helper()
	const n, steps, d, h = 2, 7, 5, 3
	width, other := net.Gates*h, (5-net.Gates)*h
	zeros := func(dims ...int) *tensors.Tensor { return arrays.Linspace(0, 0, dims...) }
	step, sequence := zeros(n, d), zeros(n, steps, d)
	for name, f := range map[string]struct {
		forward      func(in []*Node) *Node
		x, otherRank *tensors.Tensor
	}{
		"StepForward":     {net.Step, step, sequence},
		"Forward":         {net.Forward, sequence, step},
		"ForwardUnrolled": {net.Unrolled, sequence, step},
	} {
		function := net.Package + ": " + name + " of"
		const affine = "nn: affine map of"
		for _, c := range []struct {
			name    string
			first   int               // index of the first wrong input
			wrong   []*tensors.Tensor // replace the inputs from there on
			wantErr string
		}{
			{"x of another rank", 0, []*tensors.Tensor{f.otherRank}, function},
			{"another batch", 1, []*tensors.Tensor{zeros(n+1, h)}, function},
			{"h of another rank", 1, []*tensors.Tensor{zeros(n, h, 1)}, function},
			{"hidden state of others", 1, []*tensors.Tensor{zeros(n, h+1)}, function},
			{"Wx of other units", 2, []*tensors.Tensor{zeros(d, net.Gates*(h+1))}, function},
			{"other features", 2, []*tensors.Tensor{zeros(d-1, width)}, affine},
			{"weights of other gates", 2, []*tensors.Tensor{zeros(d, other), zeros(h, other), zeros(other)}, function},
			{"Wh of other units", 3, []*tensors.Tensor{zeros(h-1, width)}, function},
			{"Wh of other gates", 3, []*tensors.Tensor{zeros(h, other)}, function},
			{"Wh of another type", 3, []*tensors.Tensor{tensors.FromFlatDataAndDimensions(make([]float32, h*width), h, width)}, function},
			{"b of another length", 4, []*tensors.Tensor{zeros(width + 1)}, affine},
		} {
			t.Run(name+", "+c.name, func(t *testing.T) {
				t.Parallel()
				inputs := []*tensors.Tensor{f.x, zeros(n, h), zeros(d, width), zeros(h, width), zeros(width)}
				copy(inputs[c.first:], c.wrong)
				_, err := gradcheck.Eval(testbackend.Get(t), f.forward, inputs...)
				require.ErrorContains(t, err, c.wantErr)
				require.ErrorContains(t, err, c.wrong[0].Shape().String(), "the error names the shape")
			})
		}
	}
}
