package training

import (
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"
)

// TestStack joins the arrays of two batches for a call of three steps.
func TestStack(t *testing.T) {
	t.Parallel()
	p := program{perCall: 3}
	of := func(x int32, y float32) []*tensors.Tensor {
		return []*tensors.Tensor{tensors.FromValue([]int32{x, x + 1}), tensors.FromScalar(y)}
	}
	stacked, err := p.stack([][]*tensors.Tensor{of(5, 0.5), of(7, 0.25)})
	require.NoError(t, err)
	require.Equal(t, [][]int32{{5, 6}, {7, 8}, {0, 0}}, stacked[0].Value())
	require.Equal(t, []float32{0.5, 0.25, 0}, stacked[1].Value())

	_, err = p.stack([][]*tensors.Tensor{of(5, 0.5), {tensors.FromValue([]int32{1}), tensors.FromScalar(float32(1))}})
	require.EqualError(t, err, "training: array 0 of a batch has the shape (Int32)[1], want (Int32)[2]")
}

func TestFinalize(t *testing.T) {
	t.Parallel()
	list := []*tensors.Tensor{tensors.FromScalar(int32(1)), tensors.FromScalar(int32(2))}
	require.NoError(t, finalize(list...))
	require.False(t, list[0].Ok() || list[1].Ok())
}
