//go:build !plain

package transformer_test

import (
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/arrays"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/loop"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// TestNext computes one position after another in a compiled loop and compares them with Forward with a causal mask.
func TestNext(t *testing.T) {
	t.Parallel()
	stream := rng.NewNumPy(231)
	d, params := decoder(t, stream)
	inputs := []any{arrays.Randn(stream, n, length, e), arrays.Randn(stream, n, 1, e)}
	full, err := nn.Compute(testbackend.Get(t), params, inputs, func(p nn.Values, in []*Node) []*Node {
		y, weights := d.Forward(p, in[0], in[1], LowerTriangular(in[0].Graph(), length), nil)
		return append([]*Node{y}, weights...)
	})
	require.NoError(t, err)
	require.Len(t, full, 1+layers)
	for _, w := range full[1:] {
		require.Equal(t, []int{n, heads, length, length}, w.Shape().Dimensions)
		first := w.Value().([][][][]float64)[1][2][0]
		require.Equal(t, []float64{1, 0, 0, 0, 0, 0, 0}, first, "the first position sees itself alone")
	}

	stepwise, err := nn.Compute(testbackend.Get(t), params, inputs, func(p nn.Values, in []*Node) []*Node {
		x, memory := in[0], Squeeze(in[1], 1)
		fixed := append(append([]*Node{x}, d.CrossAttention(p, memory)...), p.Of(params)...)
		state := append([]*Node{loop.Zero(x, n, length, e)}, d.NewCache(memory, length)...)
		return loop.For(length, fixed, state, func(t *Node, fixed, state []*Node) []*Node {
			p := nn.Bind(params, fixed[1+layers:])
			y, next := d.Next(p, loop.At(fixed[0], 1, t), fixed[1:1+layers], state[1:], t)
			return append([]*Node{loop.Put(state[0], 1, t, y)}, next...)
		})[:1]
	})
	require.NoError(t, err)
	requireClose(t, full[0], stepwise[0], "all positions")
}

func TestNewCache(t *testing.T) {
	t.Parallel()
	d, params := decoder(t, rng.NewNumPy(1))
	out, err := nn.Compute(testbackend.Get(t), params, []any{arrays.Linspace(1, 2, n, e)}, func(_ nn.Values, in []*Node) []*Node {
		return d.NewCache(in[0], length)
	})
	require.NoError(t, err)
	require.Len(t, out, 2*layers)
	for _, o := range out {
		require.Equal(t, shapes.Make(dtypes.Float64, n, heads, length, e/heads), o.Shape())
		require.Equal(t, make([]float64, n*e*length), tensors.MustCopyFlatData[float64](o))
	}
}

func TestNextRefuses(t *testing.T) {
	t.Parallel()
	d, params := decoder(t, rng.NewNumPy(1))
	next := func(memories, arrays int) func(p nn.Values, x *Node) *Node {
		return func(p nn.Values, x *Node) *Node {
			cache := append(d.NewCache(x, length), x)
			y, _ := d.Next(p, x, append(d.CrossAttention(p, x), x)[:memories], cache[:arrays], Const(x.Graph(), int32(0)))
			return y
		}
	}
	for name, c := range map[string]struct {
		graph   func(p nn.Values, x *Node) *Node
		wantErr string
	}{
		"too few memories":  {next(1, 4), "transformer: a decoder of 2 layers needs 2 outputs of CrossAttention and 4 cache arrays, got 1 and 4"},
		"too many memories": {next(3, 4), "got 3 and 4"},
		"too few arrays":    {next(2, 3), "got 2 and 3"},
		"too many arrays":   {next(2, 5), "got 2 and 5"},
	} {
		_, err := nn.Compute(testbackend.Get(t), params, []any{arrays.Linspace(1, 2, n, e)}, func(p nn.Values, in []*Node) []*Node {
			return []*Node{c.graph(p, in[0])}
		})
		require.ErrorContains(t, err, c.wantErr, name)
		require.NotContains(t, err.Error(), "\n", name)
	}
}
