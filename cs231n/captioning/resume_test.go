package captioning_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/captioning"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

func interrupted(t *testing.T, folder training.Folder) bool {
	t.Helper()
	is, err := folder.Interrupted()
	require.NoError(t, err)
	return is
}

// TestResume stops a run twice, the second time between two checkpoints, and compares it with an uninterrupted one: losses,
// parameters and the state of the random stream must be the same.
func TestResume(t *testing.T) {
	t.Parallel()
	backend := testbackend.Get(t)
	whole, o, wholeModel := small(t, "")
	want := train(t, whole, o)
	require.Len(t, want.Losses[0], 12)

	folder := training.Folder(t.TempDir())
	for _, stopAt := range []int{3, 7} {
		s, o, _ := small(t, folder)
		o.Resume = true
		trainUntil(t, stopAt, s, o)
		require.True(t, interrupted(t, folder))
	}
	s, o, m := small(t, folder)
	o.Resume = true
	got := train(t, s, o)
	require.False(t, interrupted(t, folder))
	equalResults(t, want, got)
	equalParams(t, params(t, wholeModel), params(t, m))
	require.Equal(t, whole.Stream.Float64(), s.Stream.Float64())

	loaded, kept, err := captioning.LoadRNN(folder, &s.Data.Vocab)
	require.NoError(t, err)
	require.Equal(t, got, kept)
	require.Equal(t, params(t, m), params(t, loaded))
	features := s.Data.Val.Features
	fromMemory, err := m.Sample(backend, features, captioning.SampleOptions{Length: 5})
	require.NoError(t, err)
	fromFile, err := loaded.Sample(backend, features, captioning.SampleOptions{Length: 5})
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

// TestTransformerDropout trains with and without dropout. A stopped run continues with the same masks.
func TestTransformerDropout(t *testing.T) {
	slow(t)
	t.Parallel()
	run := func(folder training.Folder) ([]float64, captioning.Model) {
		s, o, m := tiny(t, withDropout, folder)
		return train(t, s, o).Losses[0], m
	}
	resumed, m := run(saved(t, withDropout))
	whole, same := run("")
	equalLosses(t, whole, resumed)
	equalParams(t, params(t, same), params(t, m))
	require.Equal(t, state(t, same.Training().Noise), state(t, m.Training().Noise))

	// All start with the same parameters and batches, so that they differ only in dropout.
	s, _, _ := tiny(t, withDropout, "")
	_, none, err := captioning.LoadTransformer(saved(t, withoutDropout), &s.Data.Vocab)
	require.NoError(t, err)
	require.Len(t, none.Losses[0], 2)
	require.NotEqual(t, none.Losses[0][0], whole[0])
}

// TestOtherDropoutRefused resumes runs with dropout turned on or off, which must fail.
func TestOtherDropoutRefused(t *testing.T) {
	t.Parallel()
	all := []string{withDropout, withoutDropout}
	for _, was := range all {
		t.Run(was, func(t *testing.T) {
			t.Parallel()
			folder := saved(t, was)
			check := unchanged(t, folder)
			for _, is := range all {
				if is == was {
					continue
				}
				s, o, m := tiny(t, is, folder)
				before, stream := params(t, m), state(t, s.Stream)
				_, err := training.Run(t.Context(), testbackend.Get(t), s, o)
				label := map[string]string{withDropout: "dropout", withoutDropout: "no dropout"}
				refused(t, err, "was trained with "+label[was]+", not with "+label[is]+"; ")
				check()
				require.Equal(t, before, params(t, m))
				require.Equal(t, stream, state(t, s.Stream))
			}
		})
	}
}

// copyOf returns a stream with the same state.
func copyOf(t *testing.T, s *rng.NumPy) *rng.NumPy {
	t.Helper()
	c := new(rng.NumPy)
	require.NoError(t, c.UnmarshalBinary(state(t, s)))
	return c
}

// TestLoadedTransformerTrains trains a loaded Transformer further. It takes the same steps as the model in memory.
func TestLoadedTransformerTrains(t *testing.T) {
	slow(t)
	t.Parallel()
	s, o, m := tiny(t, withDropout, saved(t, withDropout))
	o.Iters = 2
	train(t, s, o) // has all iterations and only loads them
	loaded, kept, err := captioning.LoadTransformer(o.Folder, &s.Data.Vocab)
	require.NoError(t, err)
	require.Equal(t, o.Iters, kept.Iteration)
	require.Equal(t, params(t, m), params(t, loaded))
	require.Equal(t, m.Training().Settings, loaded.Training().Settings)
	require.Equal(t, m.Training().PerCall, loaded.Training().PerCall)
	require.NotSame(t, m.Training().Noise, loaded.Training().Noise)

	again, o := s, training.Options{Iters: 5, BatchSize: 10}
	again.Model, again.Stream = loaded, copyOf(t, s.Stream)
	equalLosses(t, train(t, s, o).Losses[0], train(t, again, o).Losses[0])
	equalParams(t, params(t, m), params(t, loaded))
	require.Equal(t, state(t, s.Stream), state(t, again.Stream))
	require.Equal(t, state(t, m.Training().Noise), state(t, loaded.Training().Noise))
}

// TestLoadedTransformerWithoutStream loads a Transformer that was trained without dropout.
func TestLoadedTransformerWithoutStream(t *testing.T) {
	slow(t)
	t.Parallel()
	s, _, m := tiny(t, withoutDropout, "")
	loaded, _, err := captioning.LoadTransformer(saved(t, withoutDropout), &s.Data.Vocab)
	require.NoError(t, err)
	require.Equal(t, m.Training(), loaded.Training())
	require.Nil(t, loaded.Training().Noise)
}
