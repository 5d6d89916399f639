//go:build !plain

package captioning

import (
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// TestSamplePrograms checks that calls of Sample share a program if their graphs are equal, and only then.
func TestSamplePrograms(t *testing.T) {
	t.Parallel()
	words := map[string]int{"<NULL>": 0, "<START>": 1, "<END>": 2, "cat": 3, "dog": 4}
	recurrent, err := NewRNN(RNNConfig{CellType: "rnn", WordToIdx: words, InputDim: 2, WordvecDim: 3, HiddenDim: 4, Stream: rng.NewNumPy(1)})
	require.NoError(t, err)
	model, err := NewTransformer(TransformerConfig{
		WordToIdx: words, InputDim: 2, WordvecDim: 4, Heads: 2, Layers: 1, MaxLength: 5, Stream: rng.NewTorch(1),
	})
	require.NoError(t, err)
	features := []float32{1, 2, -3, 4}
	for _, c := range []struct {
		options  SampleOptions
		programs int
	}{
		{SampleOptions{}, 1},
		{SampleOptions{Length: 5}, 1}, // the default of model
		{SampleOptions{Length: 5, Batch: 1}, 1},
		{SampleOptions{Length: 4}, 2},
		{SampleOptions{Beams: 2}, 3},
		{SampleOptions{Beams: 3}, 4},
		{SampleOptions{Temperature: 1, Stream: rng.NewTorch(1)}, 5},
		{SampleOptions{Temperature: 1, Stream: rng.NewTorch(2)}, 5},
		{SampleOptions{Temperature: 2, Stream: rng.NewTorch(1)}, 6},
		{SampleOptions{Temperature: 1, TopK: 2, Stream: rng.NewTorch(1)}, 7},
	} {
		_, err := model.Sample(testbackend.Get(t), features, c.options)
		require.NoError(t, err)
		require.Equal(t, c.programs, model.programs.Len(), "%+v", c.options)
		if c.options.Beams == 0 && c.options.Temperature == 0 {
			_, err := recurrent.Sample(testbackend.Get(t), features, c.options)
			require.NoError(t, err)
		}
	}
	require.Equal(t, 3, recurrent.programs.Len(), "30, 5 and 4 words")

	// Parameters are inputs of the program, so new values count.
	before, err := recurrent.Sample(testbackend.Get(t), features, SampleOptions{Length: 4})
	require.NoError(t, err)
	require.NoError(t, recurrent.BVocab.SetValue(tensors.FromValue([]float32{0, 0, 0, 0, 1e3})))
	after, err := recurrent.Sample(testbackend.Get(t), features, SampleOptions{Length: 4})
	require.NoError(t, err)
	require.NotEqual(t, before, after)
	require.Equal(t, []int32{4, 4, 4, 4}, after[1])
}
