package arrays_test

import (
	"fmt"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/arrays"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

func ExampleLinspace() {
	fmt.Println(arrays.Linspace(-1, 1.5, 2, 3).Value())
	// Output: [[-1 -0.5 0] [0.5 1 1.5]]
}

func TestLinspaceOfFewValues(t *testing.T) {
	t.Parallel()
	require.Equal(t, []float64{7}, arrays.Linspace(7, 9, 1).Value())
	require.Equal(t, []float64{7, 9}, arrays.Linspace(7, 9, 2).Value())
	require.Empty(t, tensors.MustCopyFlatData[float64](arrays.Linspace(7, 9, 0)))
}

// TestRandom compares with what NumPy 2.4 and PyTorch 2.15 print.
func TestRandom(t *testing.T) {
	t.Parallel()
	numpy := rng.NewNumPy(231)
	require.InDeltaSlice(t, []float64{0.41794341085522313, 1.3971002787857785, -1.7859043087115503, -0.7088277337845966},
		tensors.MustCopyFlatData[float64](arrays.Randn(numpy, 2, 2)), 1e-15)
	require.Equal(t, [][]int32{{7, 4, 1}, {2, 2, 2}}, arrays.RandInt(numpy, 9, 2, 3).Value())
	require.InDeltaSlice(t, []float32{-1.1105817556381226, 0.001412116107530892, 1.5280239582061768},
		arrays.TorchRandn(rng.NewTorch(231), 3).Value(), 1e-9)
}
