package nn_test

import (
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

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
	}{
		"linear, one row":     {nn.Linear(5, 3, nil), []int{5}, 1e-7},
		"layer norm, one row": {nn.LayerNorm(5), []int{5}, 1e-6},
		"linear, rank 3":      {nn.Linear(5, 3, nil), []int{2, 7, 5}, 1e-7},
		"layer norm, rank 3":  {nn.LayerNorm(7), []int{2, 3, 7}, 1e-6},
		"batch norm, rows":    {nn.BatchNorm(3), []int{7, 3}, 1e-6},
		"batch norm, images":  {nn.BatchNorm(3), []int{2, 5, 7, 3}, 1e-6},
		"network": {nn.Sequential(nn.Flatten(), nn.Linear(12, 5, nil), nn.TanH(), nn.Linear(5, 3, nil), nn.BatchNorm(3)),
			[]int{5, 2, 2, 3}, 1e-5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stream := rng.NewNumPy(231)
			params := c.layer.Params()
			check := gradcheck.Layer{
				Names:   []string{"dx"},
				Inputs:  []*tensors.Tensor{gradcheck.Randn(stream, c.x...)},
				Forward: func(in []*Node) *Node { return nn.Bind(params, in[1:]).Apply(c.layer, in[0]) },
				Backward: func(in []*Node, dy *Node) []*Node {
					_, back := c.layer.Forward(nn.Bind(params, in[1:]), in[0])
					dx, dparams := back(dy)
					return append([]*Node{dx}, dparams...)
				},
			}
			for _, p := range params {
				check.Names = append(check.Names, "d"+p.Name)
				check.Inputs = append(check.Inputs, gradcheck.Randn(stream, p.Shape().Dimensions...))
			}
			check.DOut = gradcheck.Randn(stream, outputShape(t, c.layer, check.Inputs)...)
			requireGradients(t, check, c.numeric, 1e-10)
		})
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
					gradcheck.Randn(stream, c.n, c.s, c.e), gradcheck.Randn(stream, c.n, c.t, c.e), gradcheck.Randn(stream, c.n, c.t, c.e),
				},
				DOut: gradcheck.Randn(stream, c.n, c.s, c.e),
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
				check.Inputs = append(check.Inputs, gradcheck.Randn(stream, p.Shape().Dimensions...))
			}
			// With one key, the gradients of the scores are rounding noise around 0.
			requireGradients(t, check, 1e-5, 1e-6)
		})
	}
}
