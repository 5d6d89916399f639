package gradcheck_test

import (
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/arrays"
	"github.com/cs231n-go/assignment3/cs231n/gradcheck"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/loop"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// squash is y = tanh(x·w + b) with its backward pass.
func squash() gradcheck.Layer {
	s := rng.NewNumPy(5)
	forward := func(in []*Node) *Node { return Tanh(Add(Dot(in[0], in[1]).Product(), ExpandAxes(in[2], 0))) }
	return gradcheck.Layer{
		Names:   []string{"dx", "dw", "db"},
		Inputs:  []*tensors.Tensor{arrays.Randn(s, 3, 5), arrays.Randn(s, 5, 2), arrays.Randn(s, 2)},
		DOut:    arrays.Randn(s, 3, 2),
		Forward: forward,
		Backward: func(in []*Node, dout *Node) []*Node {
			da := Mul(dout, OneMinus(Square(forward(in))))
			return []*Node{
				Dot(da, in[1]).General([]int{1}, nil, []int{1}, nil),
				Dot(in[0], da).General([]int{0}, nil, []int{0}, nil),
				ReduceSum(da, 0),
			}
		},
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	backend := testbackend.Get(t)
	report, err := squash().Check(backend)
	require.NoError(t, err)
	require.Len(t, report, 3)
	for _, e := range report {
		require.Positive(t, e.Numeric, "%s: finite differences are never exact", e.Name)
		require.Less(t, e.Numeric, 1e-8, e.Name)
		require.Less(t, e.Autodiff, 1e-13, e.Name)
	}
	var lines strings.Builder
	require.NoError(t, report.Print(&lines))
	require.Regexp(t, `\Adx error: \d\.\d{6}e-\d\d \(GoMLX's autodiff \d\.\de[+-]\d\d\)\ndw error: [^\n]*\ndb error: [^\n]*\n\z`, lines.String())
}

// TestMasked checks a masked softmax. The mask is an input without a gradient.
func TestMasked(t *testing.T) {
	t.Parallel()
	s := rng.NewNumPy(6)
	mask := tensors.FromValue([]bool{true, false, true, true, false, true, true})
	forward := func(in []*Node) *Node { return Mul(Softmax(in[1]), ConvertDType(in[0], dtypes.Float64)) }
	report, err := gradcheck.Layer{
		Names:   []string{"dx"},
		Inputs:  []*tensors.Tensor{mask, arrays.Randn(s, 7)},
		DOut:    arrays.Randn(s, 7),
		Forward: forward,
		Backward: func(in []*Node, dout *Node) []*Node {
			return []*Node{Sub(Mul(forward(in), dout), Mul(Softmax(in[1]), ReduceAllSum(Mul(forward(in), dout))))}
		},
	}.Check(testbackend.Get(t))
	require.NoError(t, err)
	numeric, autodiff := report.Worst()
	require.Less(t, numeric, 1e-8)
	require.Less(t, autodiff, 1e-13)
}

// TestWrongGradient expects a large error for the one wrong gradient and small errors for the others.
func TestWrongGradient(t *testing.T) {
	t.Parallel()
	for name, wrong := range map[string]func(d *Node) *Node{
		"sign":           Neg,
		"a missing term": func(d *Node) *Node { return MulScalar(d, 0.999) },
		"not a number":   func(d *Node) *Node { return Log(Neg(Square(d))) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := squash()
			right := l.Backward
			l.Backward = func(in []*Node, dout *Node) []*Node {
				d := right(in, dout)
				d[1] = wrong(d[1])
				return d
			}
			report, err := l.Check(testbackend.Get(t))
			require.NoError(t, err)
			for _, e := range report {
				if e.Name == "dw" {
					require.False(t, e.Numeric < 1e-4 || e.Autodiff < 1e-4, "%+v", e)
				} else {
					require.True(t, e.Numeric < 1e-8 && e.Autodiff < 1e-13, "%+v", e)
				}
			}
		})
	}
}

// TestLoss checks a scalar function with an input that has no gradient.
func TestLoss(t *testing.T) {
	t.Parallel()
	l := gradcheck.Layer{
		Names:   []string{"dw"},
		Inputs:  []*tensors.Tensor{tensors.FromValue([]int32{2, 0, 2}), arrays.Linspace(-1, 1, 3)},
		Forward: func(in []*Node) *Node { return ReduceAllSum(Exp(Gather(in[1], ExpandAxes(in[0], -1)))) },
		Backward: func(in []*Node, dout *Node) []*Node {
			times := Const(dout.Graph(), []float64{1, 0, 2})
			return []*Node{Mul(dout, Mul(times, Exp(in[1])))}
		},
		Step: 1e-6,
	}
	report, err := l.Check(testbackend.Get(t))
	require.NoError(t, err)
	numeric, autodiff := report.Worst()
	require.Less(t, numeric, 1e-8)
	require.Less(t, autodiff, 1e-14)
}

// TestOneNumber checks y = x² at 3, once with a wrong gradient.
func TestOneNumber(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ slope, numeric float64 }{{2, 1e-9}, {4, 0.4}} {
		report, err := gradcheck.Layer{
			Names:    []string{"dx"},
			Inputs:   []*tensors.Tensor{arrays.Linspace(3, 3, 1)},
			Forward:  func(in []*Node) *Node { return ReduceAllSum(Square(in[0])) },
			Backward: func(in []*Node, dout *Node) []*Node { return []*Node{Mul(dout, MulScalar(in[0], c.slope))} },
		}.Check(testbackend.Get(t))
		require.NoError(t, err)
		require.Equal(t, 3*c.slope, report[0].Largest)
		require.Equal(t, []int{0}, report[0].Worst.Index)
		require.Equal(t, 3*c.slope, report[0].Worst.Backward)
		require.InDelta(t, 6, report[0].Worst.Numeric, 1e-6)
		require.Less(t, report[0].Numeric, c.numeric)
	}
}

func TestInvalid(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(l *gradcheck.Layer)
		want   string
	}{
		"names":            {func(l *gradcheck.Layer) { l.Names = l.Names[:2] }, "2 names for 3 inputs"},
		"no functions":     {func(l *gradcheck.Layer) { l.Backward = nil }, "needs Forward and Backward"},
		"single precision": {func(l *gradcheck.Layer) { l.Inputs[1] = tensors.FromValue([]float32{1}) }, "input 1 is Float32"},
		"a nil input":      {func(l *gradcheck.Layer) { l.Inputs[2] = nil }, "input 2 is nil"},
		"no dout":          {func(l *gradcheck.Layer) { l.DOut = nil }, "(Float64)[3, 2], not a loss of type (Float64); set DOut"},
		"another dout":     {func(l *gradcheck.Layer) { l.DOut = arrays.Linspace(0, 1, 2, 2) }, "DOut is (Float64)[2, 2]"},
		"no result": {func(l *gradcheck.Layer) {
			l.Forward = func([]*Node) *Node { return nil }
		}, "the result of Forward is nil"},
		"a nil gradient": {func(l *gradcheck.Layer) {
			l.Backward = func(in []*Node, _ *Node) []*Node { return []*Node{in[0], nil, in[2]} }
		}, "gradient dw from Backward is nil"},
		"a loop": {func(l *gradcheck.Layer) {
			l.Forward = func(in []*Node) *Node {
				y := Add(Dot(in[0], in[1]).Product(), ExpandAxes(in[2], 0))
				return loop.For(2, nil, []*Node{y}, func(_ *Node, _, state []*Node) []*Node { return []*Node{Tanh(state[0])} })[0]
			}
		}, "no gradient is defined"},
		"too few gradients": {func(l *gradcheck.Layer) {
			l.Backward = func(in []*Node, _ *Node) []*Node { return in[:1] }
		}, "1 gradients from Backward for 3 inputs"},
		"a gradient of another shape": {func(l *gradcheck.Layer) {
			l.Backward = func(in []*Node, _ *Node) []*Node { return []*Node{in[0], in[0], in[2]} }
		}, "Backward's dw is (Float64)[3, 5]"},
		"a panic": {func(l *gradcheck.Layer) {
			l.Forward = func(in []*Node) *Node { return Add(in[0], in[1]) }
		}, "gradcheck:"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := squash()
			c.change(&l)
			_, err := l.Check(testbackend.Get(t))
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestEval(t *testing.T) {
	t.Parallel()
	got, err := gradcheck.Eval(testbackend.Get(t), func(in []*Node) *Node { return Square(in[0]) }, arrays.Linspace(1, 3, 3))
	require.NoError(t, err)
	require.Equal(t, []float64{1, 4, 9}, got)
	_, err = gradcheck.Eval(testbackend.Get(t), func(in []*Node) *Node { return in[7] }, arrays.Linspace(1, 3, 3))
	require.Error(t, err)
}
