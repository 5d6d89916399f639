package captioning_test

import (
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/floats"

	"github.com/cs231n-go/assignment3/cs231n/captioning"
	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// TestTransformerSamplingWithDropout compares sampled words with scores that have the same masks.
func TestTransformerSamplingWithDropout(t *testing.T) {
	slow(t)
	t.Parallel()
	m, err := captioning.NewTransformer(captioning.TransformerConfig{
		WordToIdx: words5(), InputDim: 4, WordvecDim: 12, Heads: 1, Layers: 1, MaxLength: 8, Stream: rng.NewTorch(1),
	})
	require.NoError(t, err)
	const images, words, v = 32, 2, 5
	features := make([]float32, images*4)
	rng.NewTorch(2).Normal(features, 0, 1)
	var steps [][2]int
	progress := func(done, total int) { steps = append(steps, [2]int{done, total}) }
	sampled, err := m.Sample(testbackend.Get(t), features, captioning.SampleOptions{Length: words, Dropout: true, Stream: rng.NewTorch(1), Progress: progress})
	require.NoError(t, err)
	require.Equal(t, [][2]int{{images / 2, images}, {images, images}}, steps, "half of the words are half of the images")

	// scores returns those of the last word of each caption.
	scores := func(read [][]int32, stream *rng.Torch) (last [][]float64) {
		all, err := m.Scores(testbackend.Get(t), tensors.FromFlatDataAndDimensions(features, images, 4), read, stream)
		require.NoError(t, err)
		length := len(read[0])
		for i := range images {
			last = append(last, all[(i*length+length-1)*v:][:v])
		}
		return last
	}
	stream, read := rng.NewTorch(1), slices.Repeat([][]int32{{int32(words5()[coco.Start])}}, images)
	changed := 0
	for i, plain := range scores(read, nil) {
		if int32(floats.MaxIdx(plain)) != sampled[i][0] {
			changed++
		}
	}
	require.Positive(t, changed, "dropout changes words")
	for at := range words {
		for i, last := range scores(read, stream) {
			require.EqualValues(t, floats.MaxIdx(last), sampled[i][at], "image %d, word %d", i, at)
			read[i] = append(slices.Clip(read[i]), sampled[i][at])
		}
	}
}
