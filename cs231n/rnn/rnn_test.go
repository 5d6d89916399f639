package rnn_test

import (
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/arrays"
	"github.com/cs231n-go/assignment3/cs231n/gradcheck"
	"github.com/cs231n-go/assignment3/cs231n/internal/gradtest"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/rnn"
)

// weights returns the inputs Wx, Wh and b of a check as the network's weights.
func weights(in []*Node) rnn.Weights { return rnn.Weights{Wx: in[0], Wh: in[1], B: in[2]} }

// TestPrinted compares with the tables and the errors of the assignment's notebook.
func TestPrinted(t *testing.T) {
	t.Parallel()
	lin := arrays.Linspace
	for _, c := range []struct {
		name    string
		forward func(in []*Node) *Node
		inputs  []*tensors.Tensor
		want    []float64
		printed float64 // the error that the original prints against the same table
	}{
		{
			"step", func(in []*Node) *Node {
				h, _ := rnn.StepForward(in[0], in[1], weights(in[2:]))
				return h
			},
			[]*tensors.Tensor{lin(-0.4, 0.7, 3, 10), lin(-0.2, 0.5, 3, 4), lin(-0.1, 0.9, 10, 4), lin(-0.3, 0.7, 4, 4), lin(-0.2, 0.4, 4)},
			[]float64{
				-0.58172089, -0.50182032, -0.41232771, -0.31410098,
				0.66854692, 0.79562378, 0.87755553, 0.92795967,
				0.97934501, 0.99144213, 0.99646691, 0.99854353,
			}, 6.292421426471037e-09,
		},
		{
			"sequence", func(in []*Node) *Node {
				h, _ := rnn.Forward(in[0], in[1], weights(in[2:]))
				return h
			},
			[]*tensors.Tensor{lin(-0.1, 0.3, 2, 3, 4), lin(-0.3, 0.1, 2, 5), lin(-0.2, 0.4, 4, 5), lin(-0.4, 0.1, 5, 5), lin(-0.7, 0.1, 5)},
			[]float64{
				-0.42070749, -0.27279261, -0.11074945, 0.05740409, 0.22236251,
				-0.39525808, -0.22554661, -0.0409454, 0.14649412, 0.32397316,
				-0.42305111, -0.24223728, -0.04287027, 0.15997045, 0.35014525,
				-0.55857474, -0.39065825, -0.19198182, 0.02378408, 0.23735671,
				-0.27150199, -0.07088804, 0.13562939, 0.33099728, 0.50158768,
				-0.51014825, -0.30524429, -0.06755202, 0.17806392, 0.40333043,
			}, 7.728466158305164e-08,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := gradcheck.Eval(testbackend.Get(t), c.forward, c.inputs...)
			require.NoError(t, err)
			require.InEpsilon(t, c.printed, gradcheck.RelError(c.want, got), 1e-6)
		})
	}
}

// TestStepBackward checks a step's gradient three ways, on the inputs of the assignment's notebook.
func TestStepBackward(t *testing.T) {
	t.Parallel()
	s := rng.NewNumPy(231)
	randn := func(dims ...int) *tensors.Tensor { return arrays.Randn(s, dims...) }
	const n, d, h = 4, 5, 6
	layer := gradcheck.Layer{
		Names:  []string{"dx", "dprev_h", "dWx", "dWh", "db"},
		Inputs: []*tensors.Tensor{randn(n, d), randn(n, h), randn(d, h), randn(h, h), randn(h)},
		DOut:   randn(n, h),
		Forward: func(in []*Node) *Node {
			h, _ := rnn.StepForward(in[0], in[1], weights(in[2:]))
			return h
		},
		Backward: func(in []*Node, dout *Node) []*Node {
			_, cache := rnn.StepForward(in[0], in[1], weights(in[2:]))
			dx, dh, dw := rnn.StepBackward(dout, cache)
			return []*Node{dx, dh, dw.Wx, dw.Wh, dw.B}
		},
	}
	gradtest.Check(t, layer, 1e-8)
}

// TestBackward checks a sequence's gradient three ways: on the inputs of the assignment's notebook, for a
// single step, for a single example, and for sizes that are all different.
func TestBackward(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		n, t, d, h int
		tolerance  float64
	}{
		{"the notebook's", 2, 10, 3, 5, 1e-6},
		{"one step", 3, 1, 5, 2, 1e-7},
		{"one example", 1, 5, 2, 3, 1e-6},
		{"nothing but ones", 1, 1, 1, 1, 1e-8},
		{"primes", 2, 7, 5, 3, 1e-6},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			network().Sequence(t, c.n, c.t, c.d, c.h, c.tolerance)
		})
	}
}

func network() gradtest.Network {
	return gradtest.Network{
		Package: "rnn",
		Gates:   1,
		Step: func(in []*Node) *Node {
			h, _ := rnn.StepForward(in[0], in[1], weights(in[2:]))
			return h
		},
		Forward: func(in []*Node) *Node {
			h, _ := rnn.Forward(in[0], in[1], weights(in[2:]))
			return h
		},
		Unrolled: func(in []*Node) *Node { return rnn.ForwardUnrolled(in[0], in[1], weights(in[2:])) },
		Backward: func(in []*Node, dh *Node) []*Node {
			_, cache := rnn.Forward(in[0], in[1], weights(in[2:]))
			dx, dh0, dw := rnn.Backward(dh, cache)
			return []*Node{dx, dh0, dw.Wx, dw.Wh, dw.B}
		},
	}
}

func TestShapes(t *testing.T) {
	t.Parallel()
	network().Shapes(t)
}
