package nn_test

import (
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/arrays"
	"github.com/cs231n-go/assignment3/cs231n/gradcheck"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// TestGradients compares the backward passes of layers with finite differences and with GoMLX's gradients.
func TestGradients(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		layer   nn.Layer
		x       []int
		numeric float64
		plain   func(weight, bias, x *Node) *Node // another form of the layer, if GoMLX cannot differentiate it
	}{
		"linear, one row":      {nn.Linear(5, 3, nil), []int{5}, 1e-7, nil},
		"layer norm, one row":  {nn.LayerNorm(5), []int{5}, 1e-6, nil},
		"linear, rank 3":       {nn.Linear(5, 3, nil), []int{2, 7, 5}, 1e-7, nil},
		"layer norm, rank 3":   {nn.LayerNorm(7), []int{2, 3, 7}, 1e-6, nil},
		"batch norm, rows":     {nn.BatchNorm(3), []int{7, 3}, 1e-6, nil},
		"batch norm, images":   {nn.BatchNorm(3), []int{2, 5, 7, 3}, 1e-6, nil},
		"group norm, rows":     {nn.GroupNorm(2, 10), []int{3, 10}, 1e-6, nil},
		"group norm, images":   {nn.GroupNorm(3, 6), []int{3, 5, 7, 6}, 1e-6, nil},
		"group norm, one":      {nn.GroupNorm(1, 3), []int{1, 3, 2, 3}, 1e-6, nil},
		"silu":                 {nn.SiLU(), []int{7, 3}, 1e-7, nil},
		"conv, padding":        {nn.Conv2d(3, 2, 3, nil, nn.Padding(1)), []int{2, 5, 7, 3}, 1e-7, nil},
		"conv, wide padding":   {nn.Conv2d(2, 3, 5, nil, nn.Padding(4)), []int{1, 3, 1, 2}, 1e-7, nil},
		"conv, 1x1":            {nn.Conv2d(5, 2, 1, nil), []int{3, 1, 7, 5}, 1e-7, nil},
		"conv, 1x1, one pixel": {nn.Conv2d(5, 2, 1, nil), []int{1, 1, 1, 5}, 1e-7, nil},
		"conv, stride 2":       {nn.Conv2d(3, 5, 4, nil, nn.Stride(2), nn.Padding(1)), []int{3, 6, 10, 3}, 1e-7, strided(1)},
		"conv, one channel":    {nn.Conv2d(1, 3, 4, nil, nn.Stride(2), nn.Padding(1)), []int{1, 10, 4, 1}, 1e-7, strided(1)},
		"conv, one window":     {nn.Conv2d(2, 3, 6, nil, nn.Stride(2)), []int{2, 6, 6, 2}, 1e-7, strided(0)},
		"conv, much padding":   {nn.Conv2d(2, 1, 4, nil, nn.Stride(2), nn.Padding(3)), []int{1, 2, 4, 2}, 1e-7, strided(3)},
		"conv, 2x2":            {nn.Conv2d(3, 2, 2, nil, nn.Stride(2)), []int{1, 4, 6, 3}, 1e-7, strided(0)},
		"network": {nn.Sequential(nn.Flatten(), nn.Linear(12, 5, nil), nn.TanH(), nn.Linear(5, 3, nil), nn.BatchNorm(3)),
			[]int{5, 2, 2, 3}, 1e-5, nil},
		"images": {nn.Sequential(nn.Conv2d(1, 4, 3, nil, nn.Padding(1)), nn.GroupNorm(2, 4), nn.SiLU(), nn.Conv2d(4, 2, 1, nil)),
			[]int{2, 3, 5, 1}, 1e-5, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stream := rng.NewNumPy(231)
			params := c.layer.Params()
			check := gradcheck.Layer{
				Names:  []string{"dx"},
				Inputs: []*tensors.Tensor{arrays.Randn(stream, c.x...)},
				Forward: func(in []*Node) *Node {
					if c.plain != nil {
						return c.plain(in[1], in[2], in[0])
					}
					return nn.Bind(params, in[1:]).Apply(c.layer, in[0])
				},
				Backward: func(in []*Node, dy *Node) []*Node {
					_, back := c.layer.Forward(nn.Bind(params, in[1:]), in[0])
					dx, dparams := back(dy)
					return append([]*Node{dx}, dparams...)
				},
			}
			for _, p := range params {
				check.Names = append(check.Names, "d"+p.Name)
				check.Inputs = append(check.Inputs, arrays.Randn(stream, p.Shape().Dimensions...))
			}
			check.DOut = arrays.Randn(stream, outputShape(t, c.layer, check.Inputs)...)
			requireGradients(t, check, c.numeric, 1e-10)
		})
	}
}

// strided is the convolution of stride 2 with an even kernel, written so that GoMLX can differentiate it: a row and a column
// of zeros make the kernel odd, and every other pixel of the result is dropped.
func strided(padding int) func(weight, bias, x *Node) *Node {
	return func(weight, bias, x *Node) *Node {
		row := ZerosLike(SliceAxis(weight, 2, AxisRange(0, 1)))
		kernel := Concatenate([]*Node{weight, row}, 2)
		column := ZerosLike(SliceAxis(kernel, 3, AxisRange(0, 1)))
		kernel = TransposeAllAxes(Concatenate([]*Node{kernel, column}, 3), 2, 3, 1, 0)
		edges := [][2]int{{padding, padding + 1}, {padding, padding + 1}}
		y := Convolve(x, kernel).PaddingPerDim(edges).Done()
		y = Slice(y, AxisRange(), AxisRange().Stride(2), AxisRange().Stride(2))
		return Add(y, ExpandAxes(bias, 0, 1, 2))
	}
}

// outputShape runs the layer once and returns the shape of its output.
func outputShape(t *testing.T, layer nn.Layer, inputs []*tensors.Tensor) []int {
	t.Helper()
	set(t, layer.Params(), inputs[1:]...)
	out, err := nn.Compute(testbackend.Get(t), layer.Params(), []any{inputs[0]}, func(p nn.Values, in []*Node) []*Node {
		return []*Node{p.Apply(layer, in[0])}
	})
	require.NoError(t, err)
	return out[0].Shape().Dimensions
}

// requireGradients checks a layer three ways. The gradient of a bias before a normalization layer or a softmax is rounding
// noise, so its relative error is meaningless. The golden files test it elsewhere.
func requireGradients(t *testing.T, l gradcheck.Layer, numeric, autodiff float64) {
	t.Helper()
	report, err := l.Check(testbackend.Get(t))
	require.NoError(t, err)
	require.Len(t, report, len(l.Inputs))
	for _, e := range report {
		if e.Name == "d3/bias" || e.Name == "dkey/bias" {
			continue
		}
		require.Less(t, e.Numeric, numeric, e.Name)
		require.Less(t, e.Autodiff, autodiff, e.Name)
	}
}

// TestAttentionGradients does the same for attention: of two sequences with a mask, and to one key with dropout.
func TestAttentionGradients(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		n, s, t, e, h int
		mask, drop    bool
	}{
		"two inputs": {n: 2, s: 3, t: 5, e: 6, h: 3},
		"masked":     {n: 2, s: 3, t: 3, e: 10, h: 5, mask: true},
		"one key":    {n: 2, s: 3, t: 1, e: 10, h: 2, drop: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stream := rng.NewNumPy(231)
			a := nn.MultiHeadAttention(c.e, c.h, nil)
			forward := func(in []*Node) (*Node, nn.AttentionBackward) {
				var mask *Node
				if c.mask {
					mask = LowerTriangular(in[0].Graph(), c.s)
				}
				var drop nn.Dropout
				if c.drop {
					drop = nn.SeededDropout(0.25, Const(in[0].Graph(), []uint32{231}))
				}
				out, _, back := a.Forward(nn.Bind(a.Params(), in[3:]), in[0], in[1], in[2], mask, drop)
				return out, back
			}
			check := gradcheck.Layer{
				Names: []string{"dquery", "dkey", "dvalue"},
				Inputs: []*tensors.Tensor{
					arrays.Randn(stream, c.n, c.s, c.e), arrays.Randn(stream, c.n, c.t, c.e), arrays.Randn(stream, c.n, c.t, c.e),
				},
				DOut: arrays.Randn(stream, c.n, c.s, c.e),
				Forward: func(in []*Node) *Node {
					out, _ := forward(in)
					return out
				},
				Backward: func(in []*Node, dout *Node) []*Node {
					_, back := forward(in)
					dquery, dkey, dvalue, dparams := back(dout)
					return append([]*Node{dquery, dkey, dvalue}, dparams...)
				},
			}
			for _, p := range a.Params() {
				check.Names = append(check.Names, "d"+p.Name)
				check.Inputs = append(check.Inputs, arrays.Randn(stream, p.Shape().Dimensions...))
			}
			// With one key, the gradients of the scores are rounding noise around 0.
			requireGradients(t, check, 1e-5, 1e-6)
		})
	}
}
