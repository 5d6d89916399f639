package transformer_test

import (
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/arrays"
	"github.com/cs231n-go/assignment3/cs231n/gradcheck"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/transformer"
)

// TestPositionPrinted compares the positional encoding with the table of the notebook.
func TestPositionPrinted(t *testing.T) {
	t.Parallel()
	stream := rng.NewTorch(231)
	data, seeds := make([]float32, 2*6), make([]uint32, 1)
	stream.Normal(data, 0, 1)
	stream.DropoutSeeds(seeds)
	got, err := gradcheck.Eval(testbackend.Get(t), func(in []*Node) *Node {
		table := Const(in[0].Graph(), transformer.PositionTable(5000, 6))
		return transformer.PositionalEncoding(in[0], table, nn.SeededDropout(0.1, in[1]))
	}, tensors.FromFlatDataAndDimensions(data, 1, 2, 6), tensors.FromValue(seeds))
	require.NoError(t, err)
	want := []float64{-1.2340, 1.1127, 1.6978, -0.0865, -0.0000, 1.2728, 0.9028, -0.4781, 0.5535, 0.8133, 1.2644, 1.7034}
	require.InEpsilon(t, 0.00010421011374914356, gradcheck.RelError(want, got), 1e-9)
}

// TestPositionTable checks single entries: sin and cos of i·10000^(−j/E).
func TestPositionTable(t *testing.T) {
	t.Parallel()
	table := transformer.PositionTable(11, 4)
	require.Len(t, table, 11)
	require.Equal(t, []float32{0, 1, 0, 1}, table[0])
	for i, row := range table {
		x := float64(i)
		require.InDeltaSlice(t, []float64{math.Sin(x), math.Cos(x), math.Sin(x / 100), math.Cos(x / 100)}, row, 1e-7, "position %d", i)
	}
	require.Empty(t, transformer.PositionTable(0, 4))
}

// TestPositionalEncoding adds the same rows to each example, in the type of the input.
func TestPositionalEncoding(t *testing.T) {
	t.Parallel()
	const n, steps, e = 3, 5, 2
	x := arrays.Linspace(-1, 1, n, steps, e)
	out, err := nn.Compute(testbackend.Get(t), nil, []any{x, transformer.PositionTable(steps, e)}, func(_ nn.Values, in []*Node) []*Node {
		return []*Node{transformer.PositionalEncoding(in[0], in[1], nil)}
	})
	require.NoError(t, err)
	want := x.Value().([][][]float64)
	for i := range want {
		for step := range want[i] {
			want[i][step][0] += math.Sin(float64(step))
			want[i][step][1] += math.Cos(float64(step))
		}
	}
	for i, rows := range out[0].Value().([][][]float64) {
		for step := range rows {
			require.InDeltaSlice(t, want[i][step], rows[step], 1e-7)
		}
	}
}

func TestPositionalEncodingRefuses(t *testing.T) {
	t.Parallel()
	_, err := nn.Compute(testbackend.Get(t), nil, []any{arrays.Linspace(1, 2, 3, 7, 2)}, func(_ nn.Values, in []*Node) []*Node {
		table := Const(in[0].Graph(), transformer.PositionTable(6, 2))
		return []*Node{transformer.PositionalEncoding(in[0], table, nil)}
	})
	require.ErrorContains(t, err, "transformer: a sequence of length 7 is longer than the table of 6 positions")
	require.NotContains(t, err.Error(), "\n")
}
