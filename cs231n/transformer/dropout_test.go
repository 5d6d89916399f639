package transformer_test

import (
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/transformer"
)

// draw draws the seeds of masks.
func draw(stream *rng.Torch, n int) []uint32 {
	seeds := make([]uint32, n)
	stream.DropoutSeeds(seeds)
	return seeds
}

// TestSeeded compares masks made on the device with those of the stream, for sizes on both sides of the
// tables' edges and for seeds at the ends of their range.
func TestSeeded(t *testing.T) {
	t.Parallel()
	backend := testbackend.Get(t)
	for _, dims := range [][]int{{1}, {2}, {3, 5}, {4, 4}, {17}, {25, 2, 16, 16}, {7, 11, 13, 17}} {
		for _, rate := range []float64{0.1, 0.5, 0.9} {
			stream, seeds := rng.NewTorch(uint64(len(dims))), rng.NewTorch(uint64(len(dims)))
			size := 1
			for _, d := range dims {
				size *= d
			}
			values := make([]float32, size)
			for i := range values {
				values[i] = float32(i + 1)
			}
			x := tensors.FromFlatDataAndDimensions(values, dims...)
			out, err := CallOnceN(backend, func(x, seeds *Node) []*Node {
				drop := transformer.Seeded(rate, seeds)
				return []*Node{drop(x), drop(x)}
			}, x, draw(seeds, 2))
			require.NoError(t, err)
			for _, o := range out {
				keep := make([]bool, size)
				stream.Dropout(keep, 1-rate)
				got := tensors.MustCopyFlatData[float32](o)
				for i := range keep {
					if keep[i] {
						require.InEpsilon(t, values[i]/float32(1-rate), got[i], 1e-6)
					} else {
						require.Zero(t, got[i])
					}
				}
			}
		}
	}
}
