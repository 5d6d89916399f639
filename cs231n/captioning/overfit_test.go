package captioning_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/captioning"
	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// TestOverfit memorizes fifty captions with the notebook's sizes and settings. Each image has one caption, so the loss can
// reach 0.
func TestOverfit(t *testing.T) {
	slow(t)
	t.Parallel()
	stream := rng.NewNumPy(231)
	data, err := coco.Load("testdata/small", coco.Options{})
	require.NoError(t, err)
	var rows []int
	for row := range data.Train.Len() {
		if row == 0 || data.Train.ImageIdxs[row] != data.Train.ImageIdxs[row-1] {
			rows = append(rows, row)
		}
	}
	b, err := data.Train.Rows(rows)
	require.NoError(t, err)
	data.Train.Captions, data.Train.Features, data.Train.URLs = b.Captions, b.Features, b.URLs
	data.Train.ImageIdxs = data.Train.ImageIdxs[:0]
	for i := range rows {
		data.Train.ImageIdxs = append(data.Train.ImageIdxs, int32(i))
	}
	m, err := captioning.NewRNN(captioning.RNNConfig{
		CellType: "rnn", WordToIdx: data.Vocab.IDs, InputDim: data.Train.Dim, WordvecDim: 256, HiddenDim: 512, Stream: stream,
	})
	require.NoError(t, err)
	losses := train(t, captioning.Solver{
		Model: m, Data: data, Stream: stream, UpdateRule: "adam", LearningRate: 5e-3, LRDecay: 0.95,
	}, training.Options{Iters: 100, BatchSize: 25}).Losses[0]
	require.Greater(t, losses[0], 10.0)
	require.Less(t, losses[len(losses)-1], 0.1)
	t.Logf("%g at first, %g at last, %d captions", losses[0], losses[len(losses)-1], len(rows))

	said, err := m.Sample(testbackend.Get(t), data.Train.Features, captioning.SampleOptions{})
	require.NoError(t, err)
	right := 0
	for i := range rows {
		if coco.Start+" "+data.Vocab.Decode(said[i]) == data.Vocab.Decode(data.Train.Caption(i)) {
			right++
		}
	}
	require.GreaterOrEqual(t, right, len(rows)*9/10, "of %d captions are known by heart", len(rows))
}
