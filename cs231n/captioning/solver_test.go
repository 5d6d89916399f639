package captioning_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/captioning"
	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// slow skips a test that trains, or compiles again and again, in short mode.
func slow(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("skipped in short mode: takes several seconds")
	}
}

// small is a solver for a quick run of twelve iterations, four epochs of three.
func small(t *testing.T, folder training.Folder) (captioning.Solver, *captioning.RNN) {
	t.Helper()
	c := goldens(t)
	c.Config.MaxTrain, c.Config.BatchSize = 30, 10
	s, m := c.solver(t, "rnn", "adam", dtypes.Float32)
	s.Epochs, s.PrintEvery, s.SaveEvery, s.Seed, s.Folder = 4, 5, 3, 231, folder
	return s, m
}

// TestResume stops a run twice in the middle, the second time between two checkpoints, and compares it with
// one that was left alone: same losses, same parameters, same place in the random stream.
func TestResume(t *testing.T) {
	t.Parallel()
	backend := testbackend.Get(t)
	whole, wholeModel := small(t, "")
	want, err := whole.Train(context.Background(), backend)
	require.NoError(t, err)
	require.Len(t, want.Loss, 12)

	folder := training.Folder(t.TempDir())
	for _, stopAt := range []int{3, 7} {
		s, _ := small(t, folder)
		s.Resume = true
		ctx, cancel := context.WithCancel(context.Background())
		s.OnStep = func(done, _ int, _ ...float64) {
			if done == stopAt {
				cancel()
			}
		}
		_, err := s.Train(ctx, backend)
		require.ErrorIs(t, err, context.Canceled)
		require.True(t, folder.Interrupted())
	}
	s, m := small(t, folder)
	s.Resume = true
	got, err := s.Train(context.Background(), backend)
	require.NoError(t, err)
	require.False(t, folder.Interrupted())
	require.Equal(t, want, got)
	require.Equal(t, params(t, wholeModel), params(t, m))
	require.Equal(t, whole.Stream.Float64(), s.Stream.Float64())

	loaded, kept, err := captioning.LoadRNN(folder, &s.Data.Vocab)
	require.NoError(t, err)
	require.Equal(t, want, kept)
	require.Equal(t, params(t, m), params(t, loaded))
	features := s.Data.Val.Features
	fromMemory, err := m.Sample(backend, features, 5)
	require.NoError(t, err)
	fromFile, err := loaded.Sample(backend, features, 5)
	require.NoError(t, err)
	require.Equal(t, fromMemory, fromFile)

	var history map[string]any
	data, err := os.ReadFile(filepath.Join(string(folder), "history.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &history))
	require.Equal(t, "rnn", history["model"])
	require.EqualValues(t, 231, history["seed"])
	require.Len(t, history["loss"], 12)
}

func params(t *testing.T, m *captioning.RNN) map[string][]float32 {
	t.Helper()
	values := map[string][]float32{}
	for _, p := range m.Params() {
		v, err := tensors.CopyFlatData[float32](p.MustValue())
		require.NoError(t, err)
		values[p.Name()] = v
	}
	return values
}

// TestLog compares the log with what the original prints: a line every few iterations, the first included.
func TestLog(t *testing.T) {
	t.Parallel()
	s, _ := small(t, "")
	var log strings.Builder
	s.Log = &log
	r, err := s.Train(context.Background(), testbackend.Get(t))
	require.NoError(t, err)
	require.Regexp(t, `\A\(Iteration 1 / 12\) loss: \d+\.\d{6}\n\(Iteration 6 / 12\) loss: \d+\.\d{6}\n\(Iteration 11 / 12\) loss: \d+\.\d{6}\n\z`, log.String())
	require.Less(t, r.Loss[11], r.Loss[0])
}

// TestTrainAgain trains one model twice. The second run begins with the parameters that the first one left, and
// with a rule that remembers nothing.
func TestTrainAgain(t *testing.T) {
	t.Parallel()
	backend := testbackend.Get(t)
	s, _ := small(t, training.Folder(t.TempDir()))
	first, err := s.Train(context.Background(), backend)
	require.NoError(t, err)
	s.UpdateRule = "sgd"
	second, err := s.Train(context.Background(), backend)
	require.NoError(t, err)
	require.Less(t, second.Loss[0], first.Loss[0])
	require.Len(t, second.Loss, 12)
	require.FileExists(t, filepath.Join(string(s.Folder), "previous", "history.json"))
}

func TestTrainRefuses(t *testing.T) {
	t.Parallel()
	backend := testbackend.Get(t)
	folder := training.Folder(t.TempDir())
	kept, _ := small(t, folder)
	kept.Iters = 2
	_, err := kept.Train(context.Background(), backend)
	require.NoError(t, err)
	before, err := os.ReadFile(folder.Checkpoint())
	require.NoError(t, err)

	for name, c := range map[string]struct {
		change func(s *captioning.Solver)
		says   string
	}{
		"unknown rule beside a run": {func(s *captioning.Solver) { s.Folder, s.UpdateRule = folder, "adagrad" }, "sgd, sgd_momentum"},
		"unknown rule":              {func(s *captioning.Solver) { s.UpdateRule = "adagrad" }, "sgd, sgd_momentum"},
		"negative epochs":           {func(s *captioning.Solver) { s.Epochs = -1 }, "cannot be negative"},
		"negative rate":             {func(s *captioning.Solver) { s.LearningRate = -1 }, "have to be positive"},
		"decay of no number":        {func(s *captioning.Solver) { s.LRDecay = math.NaN() }, "its decay (NaN) have to be positive and finite"},
		"no data":                   {func(s *captioning.Solver) { s.Data = nil }, "needs a Model, Data and a Stream"},
		"no captions":               {func(s *captioning.Solver) { s.Data.Train.ImageIdxs = nil }, "no captions to train on"},
		"another seed":              {func(s *captioning.Solver) { s.Folder, s.Resume, s.Seed = folder, true, 7 }, "seed 231"},
		"another rule":              {func(s *captioning.Solver) { s.Folder, s.Resume, s.UpdateRule = folder, true, "sgd" }, "and adam, not with"},
		"another vocabulary":        {func(s *captioning.Solver) { s.Folder, s.Resume = folder, true; s.Data.Vocab.Words[9] = "new" }, "another vocabulary"},
		"other features": {func(s *captioning.Solver) {
			s.Data.Train.Dim, s.Data.Train.URLs = 12, append(s.Data.Train.URLs, s.Data.Train.URLs...)
		}, "12 features, the model was made for 24"},
		"a word it does not know": {func(s *captioning.Solver) { s.Data.Train.Captions[12] = 29 }, "training caption 1 holds the id 29"},
		"a rate that blows up":    {func(s *captioning.Solver) { s.UpdateRule, s.LearningRate, s.Iters = "sgd", 1e30, 9 }, "has diverged"},
		"a folder below a file":   {func(s *captioning.Solver) { s.Folder = training.Folder(folder.Checkpoint()) }, "cannot be written"},
	} {
		t.Run(name, func(t *testing.T) { // one after the other: only one may train in a folder
			s, _ := small(t, "")
			c.change(&s)
			_, err := s.Train(context.Background(), backend)
			require.ErrorContains(t, err, c.says)
			require.Len(t, strings.Split(strings.TrimSpace(err.Error()), "\n"), 1, "an error is one line: %v", err)
		})
	}
	t.Cleanup(func() {
		after, err := os.ReadFile(folder.Checkpoint())
		require.NoError(t, err)
		require.Equal(t, before, after, "no error may touch what was saved")
	})
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	s, _ := small(t, training.Folder(t.TempDir()))
	_, _, err := captioning.LoadRNN(s.Folder, &s.Data.Vocab)
	require.ErrorContains(t, err, "train first")
	require.True(t, errors.Is(err, os.ErrNotExist))
	s.Iters = 1
	_, err = s.Train(context.Background(), testbackend.Get(t))
	require.NoError(t, err)
	s.Data.Vocab.Words[9] = "new"
	_, _, err = captioning.LoadRNN(s.Folder, &s.Data.Vocab)
	require.ErrorContains(t, err, "another vocabulary")
}

// TestEvaluate describes the images of a split with an untrained model and with captions that people wrote.
func TestEvaluate(t *testing.T) {
	t.Parallel()
	s, m := small(t, "")
	e, err := captioning.Evaluate(testbackend.Get(t), m, &s.Data.Val, &s.Data.Vocab)
	require.NoError(t, err)
	require.NotEmpty(t, e.Images)
	require.Less(t, e.BLEU[3], 0.2, "an untrained model")
	for i, d := range e.Images {
		require.NotEmpty(t, d.References)
		require.NotContains(t, d.Caption+strings.Join(d.References, " "), "<END>")
		if i > 0 {
			require.LessOrEqual(t, d.Score, e.Images[i-1].Score, "best first")
		}
	}
}

// TestOverfit learns fifty captions by heart at the notebook's size and settings, one caption for each image, so
// that there is nothing to guess.
func TestOverfit(t *testing.T) {
	slow(t)
	t.Parallel()
	for kind, c := range map[string]struct{ decay, ends float64 }{"rnn": {0.95, 0.1}, "lstm": {0.995, 0.5}} {
		t.Run(kind, func(t *testing.T) {
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
				CellType: kind, WordToIdx: data.Vocab.IDs, InputDim: data.Train.Dim, WordvecDim: 256, HiddenDim: 512, Stream: stream,
			})
			require.NoError(t, err)
			r, err := captioning.Solver{
				Model: m, Data: data, Stream: stream, UpdateRule: "adam", LearningRate: 5e-3, LRDecay: c.decay, Iters: 100, BatchSize: 25,
			}.Train(context.Background(), testbackend.Get(t))
			require.NoError(t, err)
			require.Greater(t, r.Loss[0], 10.0)
			require.Less(t, r.Loss[len(r.Loss)-1], c.ends)
			t.Logf("%g at first, %g at last, %d captions", r.Loss[0], r.Loss[len(r.Loss)-1], len(rows))

			said, err := m.Sample(testbackend.Get(t), data.Train.Features, 0)
			require.NoError(t, err)
			right := 0
			for i := range rows {
				if coco.Start+" "+data.Vocab.Decode(said[i]) == data.Vocab.Decode(data.Train.Caption(i)) {
					right++
				}
			}
			require.GreaterOrEqual(t, right, len(rows)*9/10, "of %d captions are known by heart", len(rows))
		})
	}
}
