package gradcheck_test

import (
	"math"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/arrays"
	"github.com/cs231n-go/assignment3/cs231n/gradcheck"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/loop"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// weights are arguments of a layer.
type weights struct{ W, B *Node }

// cache is what squashForward saves for squashBackward.
type cache struct{ x, w, y *Node }

// squashForward is the layer of squash as a function.
func squashForward(x *Node, w weights) (y *Node, c cache) {
	y = Tanh(Add(Dot(x, w.W).Product(), ExpandAxes(w.B, 0)))
	return y, cache{x, w.W, y}
}

func squashBackward(dy *Node, c cache) (dx *Node, dw weights) {
	da := Mul(dy, OneMinus(Square(c.y)))
	return Dot(da, c.w).General([]int{1}, nil, []int{1}, nil), weights{Dot(c.x, da).General([]int{0}, nil, []int{0}, nil), ReduceSum(da, 0)}
}

// squashFunctions is squash as functions.
func squashFunctions() gradcheck.Functions {
	l := squash()
	return gradcheck.Functions{
		Names: "dx dw db", Forward: squashForward, Backward: squashBackward,
		In: gradcheck.Arrays{l.Inputs[0], l.Inputs[1], l.Inputs[2]}, DOut: gradcheck.Arrays{l.DOut},
	}
}

// TestFunctions expects the report of the same layer written with lists of nodes.
func TestFunctions(t *testing.T) {
	t.Parallel()
	want, err := squash().Check(testbackend.Get(t))
	require.NoError(t, err)
	got, err := squashFunctions().Check(testbackend.Get(t))
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.NoError(t, got.Below(1e-8))
}

// TestBackwardFunction checks a layer that returns its backward pass after its outputs and has parameters and an optional
// argument.
func TestBackwardFunction(t *testing.T) {
	t.Parallel()
	scale := nn.NewParam("scale", []float64{2, 3, 5}, 3)
	forward := func(p nn.Values, x *Node, mask *Node, drop func(*Node) *Node) (y, extra *Node, back func(dy *Node) (dx *Node, dparams []*Node)) {
		require.True(t, mask == nil && drop == nil)
		y = Mul(Square(x), p[scale])
		return y, x, func(dy *Node) (*Node, []*Node) {
			return MulScalar(Mul(dy, Mul(x, p[scale])), 2), []*Node{Mul(dy, Square(x))}
		}
	}
	report, err := gradcheck.Functions{
		Names: "dx", Forward: forward, Params: []*nn.Param{scale},
		In: gradcheck.Arrays{[]float64{1, -2, 3}, nil, nil}, DOut: gradcheck.Arrays{[]float64{1, 0.5, -1}},
	}.Check(testbackend.Get(t))
	require.NoError(t, err)
	require.Len(t, report, 2)
	require.Equal(t, "scale", report[1].Name)
	require.Equal(t, 30.0, report[0].Largest, "the largest gradient is 2·3·5 at the last element")
	require.NoError(t, report.Below(1e-8))
}

// TestTwoOutputs checks a layer with two outputs and two upstream gradients. Its backward pass takes only the last of the
// two other results.
func TestTwoOutputs(t *testing.T) {
	t.Parallel()
	s := rng.NewNumPy(8)
	f := gradcheck.Functions{
		Names:   "dx",
		Forward: func(x *Node) (a, b, extra *Node, saved string) { return Square(x), Exp(x), x, "saved" },
		Backward: func(da, db, x *Node, saved string) *Node {
			require.Equal(t, "saved", saved)
			return Add(MulScalar(Mul(da, x), 2), Mul(db, Exp(x)))
		},
		In: gradcheck.Arrays{arrays.Randn(s, 2, 3)}, DOut: gradcheck.Arrays{arrays.Randn(s, 2, 3), arrays.Randn(s, 2, 3)},
	}
	report, err := f.Check(testbackend.Get(t))
	require.NoError(t, err)
	require.NoError(t, report.Below(1e-8))
	f.DOut[1] = arrays.Randn(s, 2, 2)
	_, err = f.Check(testbackend.Get(t))
	require.ErrorContains(t, err, "the same shape")
}

// TestLossFunction checks a function that returns a loss and its gradients, once with respect to an input and once with
// respect to a parameter, where the input is a constant.
func TestLossFunction(t *testing.T) {
	t.Parallel()
	times := []int32{2, 0, 1}
	loss := func(x, n *Node) (loss, dx *Node) {
		n = ConvertDType(n, dtypes.Float64)
		return ReduceAllSum(Mul(n, Exp(x))), Mul(n, Exp(x))
	}
	report, err := gradcheck.Functions{Names: "dx", Forward: loss, In: gradcheck.Arrays{[]float64{1, 2, 0.5}, times}}.Check(testbackend.Get(t))
	require.NoError(t, err)
	require.NoError(t, report.Below(1e-8))

	w := nn.NewParam("w", []float64{0.3, -1, 2}, 3)
	report, err = gradcheck.Functions{
		Params: []*nn.Param{w}, In: gradcheck.Arrays{[]float64{1, 2, 3}, times}, Step: 1e-6,
		Forward: func(p nn.Values, x, n *Node) (*Node, []*Node) {
			loops := loop.For(1, nil, []*Node{Mul(x, p[w])}, func(_ *Node, _, state []*Node) []*Node { return state })[0]
			loss, d := loss(loops, n)
			return loss, []*Node{Mul(d, x)}
		},
		Unrolled: func(p nn.Values, x, n *Node) *Node { loss, _ := loss(Mul(x, p[w]), n); return loss },
	}.Check(testbackend.Get(t))
	require.NoError(t, err)
	require.Len(t, report, 1)
	require.NoError(t, report.Below(1e-8))
}

func TestFunctionsRefuse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(f *gradcheck.Functions)
		want   string
	}{
		"no function":      {func(f *gradcheck.Functions) { f.Forward = 7 }, "int is not a function"},
		"nil":              {func(f *gradcheck.Functions) { f.Forward = nil }, "<nil> is not a function"},
		"too few arrays":   {func(f *gradcheck.Functions) { f.In, f.Names = f.In[:2], "dx dw" }, "takes more than 2 arrays"},
		"too many arrays":  {func(f *gradcheck.Functions) { f.In = append(f.In, []int32{1}) }, "takes 3 arrays, not 4"},
		"not an array":     {func(f *gradcheck.Functions) { f.In[0] = "x" }, "array 0, string, is not an array"},
		"dout":             {func(f *gradcheck.Functions) { f.DOut = gradcheck.Arrays{[]float32{1}} }, "use Float64"},
		"nil dout":         {func(f *gradcheck.Functions) { f.DOut = gradcheck.Arrays{nil} }, "the same shape"},
		"bad dout":         {func(f *gradcheck.Functions) { f.DOut = gradcheck.Arrays{"x"} }, "array 0, string, is not an array"},
		"no backward":      {func(f *gradcheck.Functions) { f.Backward = nil }, "gradcheck_test.cache is not a function"},
		"wrong backward":   {func(f *gradcheck.Functions) { f.Backward = func(*Node, int) *Node { return nil } }, "cannot take gradcheck_test.cache"},
		"short backward":   {func(f *gradcheck.Functions) { f.Backward = func() *Node { return nil } }, "0 parameters for 1 values"},
		"long backward":    {func(f *gradcheck.Functions) { f.Backward = func(a, b, c, d *Node) *Node { return a } }, "4 parameters for 2 values"},
		"no gradient":      {func(f *gradcheck.Functions) { f.Backward = func(*Node, cache) string { return "" } }, "returns string, which is not a gradient"},
		"too few outputs":  {func(f *gradcheck.Functions) { f.Forward = func(*Node, weights) {} }, "returns 0 results, not 1"},
		"no node":          {func(f *gradcheck.Functions) { f.Forward = func(*Node, weights) int { return 0 } }, "result 1 of the function is int"},
		"nil node":         {func(f *gradcheck.Functions) { f.Forward = func(*Node, weights) *Node { return nil } }, "result 1 of the function is nil"},
		"array for option": {func(f *gradcheck.Functions) { f.Forward = func(x *Node, w struct{ W *Node }, o int) *Node { return x } }, "argument 3 of func"},
		"unexported":       {func(f *gradcheck.Functions) { f.Forward = func(x *Node, c cache, _ *Node) *Node { return x } }, "argument 2 of func"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := squashFunctions()
			c.change(&f)
			_, err := f.Check(testbackend.Get(t))
			require.ErrorContains(t, err, "gradcheck: ")
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestBelow(t *testing.T) {
	t.Parallel()
	f := squashFunctions()
	f.Backward = func(dy *Node, c cache) (*Node, weights) {
		dx, dw := squashBackward(dy, c)
		wrong := Mul(dw.W, Const(dy.Graph(), [][]float64{{1, 1}, {1, 1}, {1, 1.5}, {1, 1}, {1, 1}}))
		return dx, weights{wrong, dw.B}
	}
	report, err := f.Check(testbackend.Get(t))
	require.NoError(t, err)
	require.ErrorContains(t, report.Below(1e-8), "the gradient dw is wrong: its error 0.2 is not below 1e-08; at [2 1] the backward pass gives ")
	require.NoError(t, report.Below(0.3))

	good := gradcheck.Report{{Name: "a", Numeric: 1e-9, Autodiff: 1e-12, Largest: 1}, {Name: "b", Numeric: 0.5, Autodiff: 0.5, Largest: 1e-13}}
	require.NoError(t, good.Below(1e-8, "b"))
	require.ErrorContains(t, good.Below(1e-8), "the gradient b is wrong")
	require.ErrorContains(t, good.Below(1e-8, "a", "b"), "the gradient a must be zero, but it reaches 1")
	require.ErrorContains(t, gradcheck.Report{{Name: "a", Numeric: 1e-9, Autodiff: 1e-3}}.Below(1e-8), "automatic differentiation, 0.001, is not below")
	require.Error(t, gradcheck.Report{{Name: "a", Numeric: math.NaN()}}.Below(1))
	require.Error(t, gradcheck.Report{{Name: "a", Largest: math.NaN()}}.Below(1, "a"))
	require.Error(t, gradcheck.Report{{Name: "a", Numeric: 1e-8}}.Below(1e-8), "the threshold itself")
}

func TestOutputs(t *testing.T) {
	t.Parallel()
	f := func(x *Node, w weights, mask *Node) (sum, product *Node, other string) {
		require.Nil(t, mask)
		return Add(x, w.W), Mul(x, w.B), ""
	}
	got, err := gradcheck.Outputs(testbackend.Get(t), 2, f, gradcheck.Arrays{[]float32{1, 2}, []float32{3, 4}, tensors.FromValue([]float32{5, 6}), nil})
	require.NoError(t, err)
	require.Equal(t, []float64{4, 6}, got[0].Value())
	require.Equal(t, []float64{5, 12}, got[1].Value())
	for _, in := range []gradcheck.Arrays{{}, {nil}, {"x"}, {[]float32{1}}, {[]float32{1, 2}, []float32{3}, []float32{4, 5, 6}, nil}} {
		_, err = gradcheck.Outputs(testbackend.Get(t), 2, f, in)
		require.ErrorContains(t, err, "gradcheck: ", "%v", in)
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	got := tensors.FromFlatDataAndDimensions([]float32{1, 2, 3, 4, 5, 6}, 2, 3)
	e, err := gradcheck.Compare("h", got, []float64{1, 2, 3, 4, 5, 6}, 1e-9)
	require.NoError(t, err)
	require.Zero(t, e)
	e, err = gradcheck.Compare("h", got, []float64{1, 2, 3, 4, 15, 6.1}, 1e-9)
	require.EqualError(t, err, "h is wrong: its error 0.5 is not below 1e-09; at [1 1] it is 5 instead of 15")
	require.Equal(t, 0.5, e)
	_, err = gradcheck.Compare("h", got, []float64{1, 2}, 1)
	require.EqualError(t, err, "h has 6 values, in the shape [2 3], instead of 2")
	_, err = gradcheck.Compare("h", tensors.FromValue([]float64{1, math.NaN()}), []float64{1, 2}, 1)
	require.ErrorContains(t, err, "at [1] it is NaN instead of 2")
	_, err = gradcheck.Compare("h", tensors.FromValue([]int32{1}), []float64{1}, 1)
	require.ErrorContains(t, err, "h: ")
}
