package captioning_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/captioning"
	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// earlier describes a run in testdata/v1; see the README there.
func earlier(t *testing.T, kind string) (captioning.Solver, training.Options) {
	t.Helper()
	stream := rng.NewNumPy(231)
	data, err := coco.Load("testdata/small", coco.Options{MaxTrain: 30, Stream: stream})
	require.NoError(t, err)
	var m captioning.Model
	if kind == "transformer" {
		m, err = captioning.NewTransformer(captioning.TransformerConfig{
			WordToIdx: data.Vocab.IDs, InputDim: data.Train.Dim, WordvecDim: 2, Heads: 1, Layers: 1, MaxLength: 30, Stream: rng.NewTorch(231),
		})
	} else {
		m, err = captioning.NewRNN(captioning.RNNConfig{
			CellType: kind, WordToIdx: data.Vocab.IDs, InputDim: data.Train.Dim, WordvecDim: 4, HiddenDim: 5, Stream: stream,
		})
	}
	require.NoError(t, err)
	rule := map[string]string{"rnn": "adam", "lstm": "rmsprop"}[kind]
	return captioning.Solver{Model: m, Data: data, Stream: stream, UpdateRule: rule, LRDecay: 0.9},
		training.Options{BatchSize: 10, SaveEvery: 3, Iters: 8, Seed: 231, Folder: training.Folder(t.TempDir()), Resume: true}
}

// TestEarlierRuns loads and resumes runs that an earlier version wrote.
func TestEarlierRuns(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/v1/losses.json")
	require.NoError(t, err)
	var losses map[string][]float64
	require.NoError(t, json.Unmarshal(data, &losses))
	for _, kind := range []string{"rnn", "lstm", "transformer"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s, o := earlier(t, kind)
			data, err := os.ReadFile(filepath.Join("testdata/v1", kind+".safetensors"))
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(o.Folder.Checkpoint(), data, 0o644))

			loaded, kept := load(t, kind, o.Folder, &s.Data.Vocab)
			require.Equal(t, losses[kind][:4], kept.Losses[0])
			require.Equal(t, training.Progress{Iteration: 4, Total: 4}, kept.Progress)
			require.EqualValues(t, 231, kept.Seed)
			require.Equal(t, kind, loaded.Kind())

			// The rounding depends on the processor.
			require.InEpsilonSlice(t, losses[kind], train(t, s, o).Losses[0], testbackend.Tolerance(t, 1e-6, 2e-2))
			_, kept = load(t, kind, o.Folder, &s.Data.Vocab)
			require.Equal(t, training.Progress{Iteration: 8, Total: 8}, kept.Progress)
			require.NotEqual(t, params(t, loaded), params(t, s.Model))
			if kind == "transformer" {
				require.Equal(t, s.Model.Training().Settings, loaded.Training().Settings)
				require.NotNil(t, loaded.Training().Noise)
			}
		})
	}
}

// load loads a model of either kind.
func load(t *testing.T, kind string, folder training.Folder, vocab *coco.Vocab) (m captioning.Model, r *training.Result) {
	t.Helper()
	var err error
	if kind == "transformer" {
		m, r, err = captioning.LoadTransformer(folder, vocab)
	} else {
		m, r, err = captioning.LoadRNN(folder, vocab)
	}
	require.NoError(t, err)
	return m, r
}
