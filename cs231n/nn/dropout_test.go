package nn_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// TestDropoutGolden compares a mask and its backward pass with the golden ones.
func TestDropoutGolden(t *testing.T) {
	t.Parallel()
	c := golden[map[string]layerCase](t, "layers.json")["dropout"]
	inputs := []any{c.X.tensor(), c.DY.tensor(), []uint32{c.Seed}}
	out, err := nn.Compute(testbackend.Get(t), nil, inputs, func(_ nn.Values, in []*Node) []*Node {
		y, back := nn.SeededDropout(c.Rate, in[2]).Call(in[0])
		mask := nn.SeededDropout(c.Rate, in[2]).Apply(OnesLike(in[0]))
		return []*Node{y, back(in[1]), MulScalar(mask, 1-c.Rate), derived(y, in[1], in[0])[0]}
	})
	require.NoError(t, err)
	requireClose(t, c.Y.tensor(), out[0], 6e-8, 0, "y")
	requireClose(t, c.DX.tensor(), out[1], 6e-8, 0, "dx")
	requireClose(t, c.Mask.tensor(), out[2], 1e-15, 0, "mask")
	requireClose(t, c.DX.tensor(), out[3], 6e-8, 0, "GoMLX's dx")
}

// TestSeededDropout compares masks that the device computes with those of the stream, for sizes around the lengths of the
// tables. The backward pass uses the mask of its call.
func TestSeededDropout(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rate float64
		dims []int
	}{
		{0.1, []int{1}},
		{0.9, []int{2}},
		{0.5, []int{3, 5}},
		{0.3, []int{4, 4}},
		{0.1, []int{17}},
		{0.5, []int{25, 2, 16, 16}},
		{0.7, []int{7, 11, 13, 17}},
	} {
		t.Run(fmt.Sprint(c.dims), func(t *testing.T) {
			t.Parallel()
			stream, seeds := rng.NewTorch(uint64(len(c.dims))), rng.NewTorch(uint64(len(c.dims)))
			values := make([]float32, shapes.Make(dtypes.Float32, c.dims...).Size())
			for i := range values {
				values[i] = float32(i + 1)
			}
			x := tensors.FromFlatDataAndDimensions(values, c.dims...)
			out, err := nn.Compute(testbackend.Get(t), nil, []any{x, draw(seeds, 2)}, func(_ nn.Values, in []*Node) []*Node {
				drop := nn.SeededDropout(c.rate, in[1])
				first, backFirst := drop.Call(in[0])
				second, backSecond := drop.Call(in[0])
				return []*Node{first, backFirst(in[0]), second, backSecond(in[0])}
			})
			require.NoError(t, err)
			for i := 0; i < len(out); i += 2 {
				keep := make([]bool, len(values))
				stream.Dropout(keep, 1-c.rate)
				want := make([]float32, len(values))
				for j := range keep {
					if keep[j] {
						want[j] = values[j] / float32(1-c.rate)
					}
				}
				requireClose(t, tensors.FromFlatDataAndDimensions(want, c.dims...), out[i], 1e-6, 0, "y")
				requireClose(t, out[i], out[i+1], 0, 0, "dx of the same values")
			}
		})
	}
}

// TestSeeds tests seeds at the ends of their range, where the sequence wraps around, and seeds whose first number is the
// largest that is kept or the smallest that is dropped.
func TestSeeds(t *testing.T) {
	t.Parallel()
	const modulus, multiplier, n = 1<<31 - 1, 1132489760, 5
	type call struct {
		rate float64
		seed uint32
	}
	var calls []call
	for _, seed := range []uint32{0, modulus - 1, modulus, 2 * modulus, 2*modulus + 1} {
		calls = append(calls, call{0.25, seed})
	}
	for _, rate := range []float64{0.1, 0.3, 1.0 / 3, 0.7, 1 - 54321.0/modulus} {
		last := uint32(math.Ceil((1-rate)*modulus)) - 1
		calls = append(calls, call{rate, last}, call{rate, last + 1})
	}
	var seeds []uint32
	for _, c := range calls {
		seeds = append(seeds, c.seed)
	}
	out, err := nn.Compute(testbackend.Get(t), nil, []any{seeds}, func(_ nn.Values, in []*Node) []*Node {
		var masks []*Node
		for i, c := range calls {
			drop := nn.SeededDropout(c.rate, SliceAxis(in[0], 0, AxisElem(i)))
			masks = append(masks, drop.Apply(Ones(in[0].Graph(), shapes.Make(dtypes.Float64, n))))
		}
		return []*Node{Stack(masks, 0)}
	})
	require.NoError(t, err)
	for i, mask := range out[0].Value().([][]float64) {
		number := uint64(calls[i].seed) % modulus
		if number == 0 {
			number = 1
		}
		for j, got := range mask {
			require.Equal(t, float64(number)/modulus < 1-calls[i].rate, got > 0, "%+v, value %d", calls[i], j)
			number = number * multiplier % modulus
		}
	}
}

func TestSeededDropoutRunsOutOfSeeds(t *testing.T) {
	t.Parallel()
	_, err := nn.Compute(testbackend.Get(t), nil, []any{[]uint32{1, 2}}, func(_ nn.Values, in []*Node) []*Node {
		drop, x := nn.SeededDropout(0.5, in[0]), Ones(in[0].Graph(), shapes.Make(dtypes.Float32, 3))
		return []*Node{drop.Apply(x), drop.Apply(x), drop.Apply(x)}
	})
	require.ErrorContains(t, err, "nn: dropout is called more often than it has seeds (2)")
	require.NotContains(t, err.Error(), "\n")
}

func TestNoDropout(t *testing.T) {
	t.Parallel()
	x := normals(rng.NewNumPy(1), 3, 5)
	out, err := nn.Compute(testbackend.Get(t), nil, []any{x}, func(_ nn.Values, in []*Node) []*Node {
		var none nn.Dropout
		y, back := none.Call(in[0])
		return []*Node{y, back(in[0]), none.Apply(in[0])}
	})
	require.NoError(t, err)
	for _, o := range out {
		requireClose(t, x, o, 0, 0, "unchanged")
	}
}
