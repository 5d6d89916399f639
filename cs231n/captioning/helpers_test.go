package captioning_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
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

// slow skips a test that trains or compiles many programs in short mode.
func slow(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("skipped in short mode: takes several seconds")
	}
}

// train trains without an error.
func train(t *testing.T, s training.Trainable, o training.Options) *training.Result {
	t.Helper()
	r, err := training.Run(context.Background(), testbackend.Get(t), s, o)
	require.NoError(t, err)
	return r
}

// trainUntil trains and cancels the context after an iteration. The run ends with the current call of the program.
func trainUntil(t *testing.T, stopAt int, s training.Trainable, o training.Options) *training.Result {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	o.OnStep = func(done, _ int, _ ...float64) {
		if done == stopAt {
			cancel()
		}
	}
	r, err := training.Run(ctx, testbackend.Get(t), s, o)
	require.ErrorIs(t, err, context.Canceled)
	return r
}

// small prepares a quick run of twelve iterations, four epochs of three.
func small(t *testing.T, folder training.Folder) (captioning.Solver, training.Options, *captioning.RNN) {
	t.Helper()
	c := goldens(t)
	c.Config.MaxTrain = 30
	s, m := c.solver(t, "rnn", "adam", dtypes.Float32)
	return s, training.Options{Epochs: 4, BatchSize: 10, LogEvery: 5, SaveEvery: 3, Seed: 231, Folder: folder}, m
}

// The names of runs with dropout and without.
const withDropout, withoutDropout = "stream", "none"

// tiny prepares a quick run of a small Transformer. Equal settings give equal runs.
func tiny(t *testing.T, dropout string, folder training.Folder) (captioning.Solver, training.Options, captioning.Model) {
	t.Helper()
	stream := rng.NewNumPy(231)
	data, err := coco.Load("testdata/small", coco.Options{MaxTrain: 30, Stream: stream})
	require.NoError(t, err)
	m, err := captioning.NewTransformer(captioning.TransformerConfig{
		WordToIdx: data.Vocab.IDs, InputDim: data.Train.Dim, WordvecDim: 2, Heads: 1, Layers: 1, MaxLength: 20,
		Stream: rng.NewTorch(231), NoDropout: dropout == withoutDropout,
	})
	require.NoError(t, err)
	return captioning.Solver{Model: m, Data: data, Stream: stream, LearningRate: 1e-2},
		training.Options{Iters: 4, BatchSize: 10, Folder: folder, Resume: true}, m
}

// saved returns a folder with a run after two iterations: small's for "rnn", tiny's for a kind of dropout. All tests share
// one run of each kind.
func saved(t *testing.T, kind string) training.Folder {
	t.Helper()
	savedRuns.Lock()
	defer savedRuns.Unlock()
	if savedRuns.checkpoints[kind] == nil {
		folder := training.Folder(t.TempDir())
		s, o, _ := begin(t, kind, folder)
		o.Iters = 2
		train(t, s, o)
		data, err := os.ReadFile(folder.Checkpoint())
		require.NoError(t, err)
		savedRuns.checkpoints[kind] = data
	}
	folder := training.Folder(t.TempDir())
	require.NoError(t, os.WriteFile(folder.Checkpoint(), savedRuns.checkpoints[kind], 0o644))
	return folder
}

var savedRuns = struct {
	sync.Mutex
	checkpoints map[string][]byte
}{checkpoints: map[string][]byte{}}

// begin prepares a run to resume: small's for "rnn", tiny's for a kind of dropout.
func begin(t *testing.T, kind string, folder training.Folder) (captioning.Solver, training.Options, captioning.Model) {
	t.Helper()
	if kind == "rnn" {
		s, o, m := small(t, folder)
		o.Resume = true
		return s, o, m
	}
	return tiny(t, string(kind), folder)
}

// params returns copies of the parameters' values by name.
func params(t *testing.T, m captioning.Model) map[string][]float32 {
	t.Helper()
	values := map[string][]float32{}
	for _, p := range m.Params() {
		v, err := tensors.CopyFlatData[float32](p.Value)
		require.NoError(t, err)
		values[p.Name] = v
	}
	require.Len(t, values, len(m.Params()), "every name is another one")
	return values
}

// equalLosses compares float32 losses, bit for bit where the backend is exact.
func equalLosses(t *testing.T, want, got []float64) {
	t.Helper()
	if testbackend.Exact(t) {
		require.Equal(t, want, got)
		return
	}
	require.InEpsilonSlice(t, want, got, 2e-2)
}

// equalParams compares float32 parameters, bit for bit where the backend is exact.
func equalParams(t *testing.T, want, got map[string][]float32) {
	t.Helper()
	if testbackend.Exact(t) {
		require.Equal(t, want, got)
		return
	}
	require.Len(t, got, len(want))
	for name, values := range want {
		require.InDeltaSlice(t, values, got[name], 2e-2, name)
	}
}

// equalResults compares the records of two runs.
func equalResults(t *testing.T, want, got *training.Result) {
	t.Helper()
	require.Len(t, got.Losses, 1)
	equalLosses(t, want.Losses[0], got.Losses[0])
	a, b := *want, *got
	a.Losses, b.Losses = nil, nil
	require.Equal(t, a, b)
}

// state returns the state of a random stream.
func state(t *testing.T, s training.RandomStream) []byte {
	t.Helper()
	bytes, err := s.MarshalBinary()
	require.NoError(t, err)
	return bytes
}

// refused checks that an error is one line and contains the text.
func refused(t *testing.T, err error, wantErr string) {
	t.Helper()
	require.ErrorContains(t, err, wantErr)
	require.Len(t, strings.Split(strings.TrimSpace(err.Error()), "\n"), 1, "an error is one line: %v", err)
}

// unchanged returns a function that checks that the files of a folder have not changed since the call.
func unchanged(t *testing.T, folder training.Folder) (check func()) {
	t.Helper()
	read := func() map[string]string {
		files := map[string]string{}
		require.NoError(t, filepath.Walk(string(folder), func(path string, info os.FileInfo, err error) error {
			if err != nil || info.IsDir() {
				return err
			}
			data, err := os.ReadFile(path)
			files[path] = string(data)
			return err
		}))
		return files
	}
	before := read()
	return func() {
		t.Helper()
		after := read()
		for path, data := range before {
			require.True(t, after[path] == data, "%s has changed", path)
		}
		require.Equal(t, len(before), len(after), "number of files")
	}
}
