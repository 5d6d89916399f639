package lstm_test

import (
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/arrays"
	"github.com/cs231n-go/assignment3/cs231n/gradcheck"
	"github.com/cs231n-go/assignment3/cs231n/internal/gradtest"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/lstm"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// weights returns the inputs Wx, Wh and b of a check as the network's weights.
func weights(in []*Node) lstm.Weights { return lstm.Weights{Wx: in[0], Wh: in[1], B: in[2]} }

// TestTables compares with the tables of the assignment's LSTM notebook, which have eight digits.
func TestTables(t *testing.T) {
	t.Parallel()
	lin := arrays.Linspace
	step := func(in []*Node) (h, c *Node) {
		h, c, _ = lstm.StepForward(in[0], in[1], in[2], weights(in[3:]))
		return h, c
	}
	stepInputs := []*tensors.Tensor{
		lin(-0.4, 1.2, 3, 4), lin(-0.3, 0.7, 3, 5), lin(-0.4, 0.9, 3, 5),
		lin(-2.1, 1.3, 4, 20), lin(-0.7, 2.2, 5, 20), lin(0.3, 0.7, 20),
	}
	for _, c := range []struct {
		name    string
		forward func(in []*Node) *Node
		inputs  []*tensors.Tensor
		want    []float64
		error   float64 // the original's, to two digits
	}{
		{
			"step, h", func(in []*Node) *Node { h, _ := step(in); return h }, stepInputs,
			[]float64{
				0.24635157, 0.28610883, 0.32240467, 0.35525807, 0.38474904,
				0.49223563, 0.55611431, 0.61507696, 0.66844003, 0.7159181,
				0.56735664, 0.66310127, 0.74419266, 0.80889665, 0.858299,
			}, 5.7e-9,
		},
		{
			"step, c", func(in []*Node) *Node { _, c := step(in); return c }, stepInputs,
			[]float64{
				0.32986176, 0.39145139, 0.451556, 0.51014116, 0.56717407,
				0.66382255, 0.76674007, 0.87195994, 0.97902709, 1.08751345,
				0.74192008, 0.90592151, 1.07717006, 1.25120233, 1.42395676,
			}, 5.8e-9,
		},
		{
			"sequence", func(in []*Node) *Node {
				h, _ := lstm.Forward(in[0], in[1], weights(in[2:]))
				return h
			},
			[]*tensors.Tensor{lin(-0.4, 0.6, 2, 3, 5), lin(-0.4, 0.8, 2, 4), lin(-0.2, 0.9, 5, 16), lin(-0.3, 0.6, 4, 16), lin(0.2, 0.7, 16)},
			[]float64{
				0.01764008, 0.01823233, 0.01882671, 0.0194232,
				0.11287491, 0.12146228, 0.13018446, 0.13902939,
				0.31358768, 0.33338627, 0.35304453, 0.37250975,
				0.45767879, 0.4761092, 0.4936887, 0.51041945,
				0.6704845, 0.69350089, 0.71486014, 0.7346449,
				0.81733511, 0.83677871, 0.85403753, 0.86935314,
			}, 8.6e-8,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := gradcheck.Eval(testbackend.Get(t), c.forward, c.inputs...)
			require.NoError(t, err)
			require.InDelta(t, c.error, gradcheck.RelError(c.want, got), c.error/50)
		})
	}
}

// TestStepBackward checks a step's gradient three ways, on the inputs of the assignment's notebook. The gradients of both
// outputs, next_h and next_c, contribute.
func TestStepBackward(t *testing.T) {
	t.Parallel()
	s := rng.NewNumPy(231)
	randn := func(dims ...int) *tensors.Tensor { return arrays.Randn(s, dims...) }
	const n, d, h = 4, 5, 6
	gradtest.Check(t, gradcheck.Layer{
		Names:  []string{"dx", "dh", "dc", "dWx", "dWh", "db"},
		Inputs: []*tensors.Tensor{randn(n, d), randn(n, h), randn(n, h), randn(d, 4*h), randn(h, 4*h), randn(4 * h)},
		DOut:   randn(2, n, h),
		Forward: func(in []*Node) *Node {
			h, c, _ := lstm.StepForward(in[0], in[1], in[2], weights(in[3:]))
			return Stack([]*Node{h, c}, 0)
		},
		Backward: func(in []*Node, dout *Node) []*Node {
			_, _, cache := lstm.StepForward(in[0], in[1], in[2], weights(in[3:]))
			of := func(i int) *Node { return Squeeze(SliceAxis(dout, 0, AxisElem(i)), 0) }
			dx, dh, dc, dw := lstm.StepBackward(of(0), of(1), cache)
			return []*Node{dx, dh, dc, dw.Wx, dw.Wh, dw.B}
		},
	}, 1e-7)
}

// TestBackward checks a sequence's gradient three ways: on the inputs of the assignment's notebook, for a
// single step, for a single example, and for sizes that are all different.
func TestBackward(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		n, t, d, h int
	}{
		{"the notebook's", 2, 10, 3, 6},
		{"one step", 3, 1, 5, 2},
		{"one example", 1, 5, 2, 3},
		{"nothing but ones", 1, 1, 1, 1},
		{"primes", 2, 7, 5, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			network().Sequence(t, c.n, c.t, c.d, c.h, 1e-6)
		})
	}
}

func network() gradtest.Network {
	return gradtest.Network{
		Package: "lstm",
		Gates:   4,
		Step: func(in []*Node) *Node {
			h, _, _ := lstm.StepForward(in[0], in[1], in[1], weights(in[2:]))
			return h
		},
		Forward: func(in []*Node) *Node {
			h, _ := lstm.Forward(in[0], in[1], weights(in[2:]))
			return h
		},
		Unrolled: func(in []*Node) *Node { return lstm.ForwardUnrolled(in[0], in[1], weights(in[2:])) },
		Backward: func(in []*Node, dh *Node) []*Node {
			_, cache := lstm.Forward(in[0], in[1], weights(in[2:]))
			dx, dh0, dw := lstm.Backward(dh, cache)
			return []*Node{dx, dh0, dw.Wx, dw.Wh, dw.B}
		},
	}
}

func TestShapes(t *testing.T) {
	t.Parallel()
	network().Shapes(t)
}
