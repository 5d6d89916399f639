package captioning_test

import (
	"math"
	"os"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/captioning"
	"github.com/cs231n-go/assignment3/cs231n/checkpoint"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

func TestTrainRefuses(t *testing.T) {
	t.Parallel()
	backend := testbackend.Get(t)
	folder := saved(t, "rnn")
	check := unchanged(t, folder)

	for name, c := range map[string]struct {
		change  func(s *captioning.Solver, o *training.Options)
		wantErr string
	}{
		"unknown rule beside a run": {func(s *captioning.Solver, o *training.Options) { o.Folder, s.UpdateRule = folder, "adagrad" }, "sgd, sgd_momentum"},
		"unknown rule":              {func(s *captioning.Solver, _ *training.Options) { s.UpdateRule = "adagrad" }, "sgd, sgd_momentum"},
		"negative epochs":           {func(_ *captioning.Solver, o *training.Options) { o.Epochs = -1 }, "cannot be negative"},
		"negative rate":             {func(s *captioning.Solver, _ *training.Options) { s.LearningRate = -1 }, "the learning rate (-1) and its decay (0.9"},
		"infinite rate":             {func(s *captioning.Solver, _ *training.Options) { s.LearningRate = math.Inf(1) }, "the learning rate of adam cannot be +Inf"},
		"negative decay":            {func(s *captioning.Solver, _ *training.Options) { s.LRDecay = -0.5 }, "its decay (-0.5) must be positive and finite"},
		"infinite decay":            {func(s *captioning.Solver, _ *training.Options) { s.LRDecay = math.Inf(1) }, "its decay (+Inf) must be positive and finite"},
		"decay of no number":        {func(s *captioning.Solver, _ *training.Options) { s.LRDecay = math.NaN() }, "its decay (NaN) must be positive and finite"},
		"no data":                   {func(s *captioning.Solver, _ *training.Options) { s.Data = nil }, "needs a Model, Data and a Stream"},
		"no model":                  {func(s *captioning.Solver, _ *training.Options) { s.Model = nil }, "needs a Model, Data and a Stream"},
		"no stream":                 {func(s *captioning.Solver, _ *training.Options) { s.Stream = nil }, "needs a Model, Data and a Stream"},
		"no captions":               {func(s *captioning.Solver, _ *training.Options) { s.Data.Train.ImageIdxs = nil }, "no captions to train on"},
		"captions of one word":      {func(s *captioning.Solver, _ *training.Options) { s.Data.Train.Length = 1 }, "no captions to train on"},
		"another seed":              {func(_ *captioning.Solver, o *training.Options) { o.Folder, o.Resume, o.Seed = folder, true, 7 }, "with seed 231, not with seed 7"},
		"another batch":             {func(_ *captioning.Solver, o *training.Options) { o.Folder, o.Resume, o.BatchSize = folder, true, 5 }, "with batch size 10, not with batch size 5"},
		"another rule": {func(s *captioning.Solver, o *training.Options) {
			o.Folder, o.Resume, s.UpdateRule = folder, true, "sgd"
		}, "with update rule adam, not with update rule sgd"},
		"another vocabulary": {func(s *captioning.Solver, o *training.Options) {
			o.Folder, o.Resume = folder, true
			s.Data.Vocab.Words[9] = "new"
		}, "not with vocabulary a014bcb170f0706d; choose another folder, or the same settings and data"},
		"fewer captions": {func(s *captioning.Solver, o *training.Options) {
			o.Folder, o.Resume = folder, true
			s.Data.Train.Captions, s.Data.Train.ImageIdxs = s.Data.Train.Captions[:20*s.Data.Train.Length], s.Data.Train.ImageIdxs[:20]
		}, "with number of captions 30, not with number of captions 20"},
		"other features": {func(s *captioning.Solver, _ *training.Options) {
			s.Data.Train.Dim, s.Data.Train.URLs = 12, append(s.Data.Train.URLs, s.Data.Train.URLs...)
		}, "12 features, the model expects 24"},
		"an unknown word": {func(s *captioning.Solver, _ *training.Options) { s.Data.Train.Captions[s.Data.Train.Length] = 29 }, "training caption 1 has the word id 29, outside the model's vocabulary of 29 words"},
		"a negative word": {func(s *captioning.Solver, _ *training.Options) { s.Data.Train.Captions[0] = -1 }, "training caption 0 has the word id -1"},
		"a rate that blows up": {func(s *captioning.Solver, o *training.Options) {
			s.UpdateRule, s.LearningRate, o.Iters = "sgd", 1e30, 9
		}, "has diverged"},
		"a folder below a file": {func(_ *captioning.Solver, o *training.Options) { o.Folder = training.Folder(folder.Checkpoint()) }, "cannot be written"},
	} {
		t.Run(name, func(t *testing.T) { // one after the other: only one may train in a folder
			s, o, _ := small(t, "")
			c.change(&s, &o)
			_, err := training.Run(t.Context(), backend, s, o)
			refused(t, err, c.wantErr)
			check()
		})
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	s, o, _ := small(t, training.Folder(t.TempDir()))
	_, _, err := captioning.LoadRNN(o.Folder, &s.Data.Vocab)
	refused(t, err, "train first")
	require.ErrorIs(t, err, os.ErrNotExist)
	_, _, err = captioning.LoadTransformer(o.Folder, &s.Data.Vocab)
	require.ErrorIs(t, err, os.ErrNotExist)
	o.Folder = saved(t, "rnn")
	_, _, err = captioning.LoadTransformer(o.Folder, &s.Data.Vocab)
	refused(t, err, `is a checkpoint of model "rnn", not of "transformer"`)
	s.Data.Vocab.Words[9] = "new"
	_, _, err = captioning.LoadRNN(o.Folder, &s.Data.Vocab)
	refused(t, err, "another vocabulary than this data set's 29 words")

	o.Folder = saved(t, "stream")
	s, _, _ = small(t, "")
	_, _, err = captioning.LoadRNN(o.Folder, &s.Data.Vocab)
	refused(t, err, `is a checkpoint of model "transformer", not of "rnn" or "lstm"`)
	s.Data.Vocab.Words[9] = "new"
	_, _, err = captioning.LoadTransformer(o.Folder, &s.Data.Vocab)
	refused(t, err, "another vocabulary")
}

// TestMisfit changes checkpoints so that they match no model. Loading fails, and a model that resumes from one keeps its
// parameters.
func TestMisfit(t *testing.T) {
	t.Parallel()
	replace := func(store *model.Store, path string, value *tensors.Tensor) error {
		if err := store.DeleteVariable(path); err != nil || value == nil {
			return err
		}
		_, err := store.CreateVariable(path, value)
		return err
	}
	float32s := func(dims ...int) *tensors.Tensor { return tensors.FromShape(shapes.Make(dtypes.Float32, dims...)) }
	const layer = "/model/transformer/layers/0/linear1/bias"
	for name, c := range map[string]struct {
		transformer bool
		change      func(store *model.Store, state map[string]any) error
		loading     string
		resuming    string
	}{
		"RNN without bias": {change: func(s *model.Store, _ map[string]any) error { return replace(s, "/model/b_vocab", nil) }, loading: "lacks the parameter b_vocab"},
		"RNN without projection": {
			change:   func(s *model.Store, _ map[string]any) error { return replace(s, "/model/W_proj", nil) },
			loading:  "features (0)",
			resuming: "lacks the parameter W_proj",
		},
		"RNN with a flat embedding": {
			change:   func(s *model.Store, _ map[string]any) error { return replace(s, "/model/W_embed", float32s(7)) },
			loading:  "features (0)",
			resuming: "parameter W_embed of model is (Float32)[7]",
		},
		"RNN of another shape": {change: func(s *model.Store, _ map[string]any) error { return replace(s, "/model/b", float32s(3)) }, loading: "parameter b of model is (Float32)[3]"},
		"RNN with more": {change: func(s *model.Store, _ map[string]any) error {
			_, err := s.CreateVariable("/model/more", float32s(3))
			return err
		}, loading: "the model lacks its parameter /model/more"},
		"Transformer with less": {transformer: true, change: func(s *model.Store, _ map[string]any) error { return replace(s, layer, nil) }, loading: "lacks the parameter transformer/layers/0/linear1/bias"},
		"Transformer of another shape": {
			transformer: true,
			change:      func(s *model.Store, _ map[string]any) error { return replace(s, layer, float32s(5)) },
			loading:     "parameter transformer/layers/0/linear1/bias of model is (Float32)[5]",
		},
		"Transformer without projection": {
			transformer: true,
			change: func(s *model.Store, _ map[string]any) error {
				return replace(s, "/model/visual_projection/weight", nil)
			},
			loading:  "features (0) and word vectors (0)",
			resuming: "lacks the parameter visual_projection/weight",
		},
		"Transformer without state of dropout": {
			transformer: true,
			change:      func(_ *model.Store, state map[string]any) error { state["noise"] = []byte("none"); return nil },
			loading:     "not the state of a random stream",
		},
		"Transformer with a text for heads": {
			transformer: true,
			change:      func(_ *model.Store, state map[string]any) error { state["heads"] = "two"; return nil },
			loading:     "its heads has the wrong type",
			resuming:    "with number of heads two, not with number of heads 1",
		},
		"Transformer with other heads": {
			transformer: true,
			change:      func(_ *model.Store, state map[string]any) error { state["heads"] = 3; return nil },
			loading:     "3 heads do not divide the word vectors of 2",
			resuming:    "with number of heads 3, not with number of heads 1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kind := "rnn"
			if c.transformer {
				kind = withDropout
			}
			folder := saved(t, kind)
			s, o, m := begin(t, kind, folder)
			var state map[string]any
			store, err := checkpoint.Load(folder.Checkpoint(), &state)
			require.NoError(t, err)
			require.NoError(t, c.change(store, state))
			require.NoError(t, checkpoint.Save(folder.Checkpoint(), store, state))

			if c.transformer {
				_, _, err = captioning.LoadTransformer(folder, &s.Data.Vocab)
			} else {
				_, _, err = captioning.LoadRNN(folder, &s.Data.Vocab)
			}
			refused(t, err, c.loading)
			if c.resuming == "" {
				c.resuming = c.loading
			}
			requireUnchanged(t, s, o, m, c.resuming)
		})
	}
}

// requireUnchanged resumes a run, which must fail and leave the folder, the model and the streams unchanged.
func requireUnchanged(t *testing.T, s captioning.Solver, o training.Options, m captioning.Model, wantErr string) {
	t.Helper()
	check, before, stream := unchanged(t, o.Folder), params(t, m), state(t, s.Stream)
	var values []*tensors.Tensor
	for _, p := range m.Params() {
		values = append(values, p.Value)
	}
	_, err := training.Run(t.Context(), testbackend.Get(t), s, o)
	refused(t, err, wantErr)
	check()
	for i, p := range m.Params() {
		require.Same(t, values[i], p.Value)
	}
	require.Equal(t, before, params(t, m))
	require.Equal(t, stream, state(t, s.Stream))
}

// TestResumeOtherDimensions resumes a run with a model whose dimensions differ from those of the trained one.
func TestResumeOtherDimensions(t *testing.T) {
	t.Parallel()
	_, o, _ := small(t, saved(t, "rnn"))
	c := goldens(t)
	c.Config.MaxTrain, c.Config.HiddenDim = 30, c.Config.HiddenDim+1
	s, m := c.solver(t, "rnn", "adam", dtypes.Float32)
	o.Resume, o.Iters = true, 3
	requireUnchanged(t, s, o, m, "does not match the model: parameter W_proj of model is (Float32)[24, 32], the model's is (Float32)[24, 33]")

	s, o, _ = small(t, o.Folder)
	c = goldens(t)
	_, s.Model = c.solver(t, "rnn", "adam", dtypes.Float64)
	o.Resume = true
	_, err := training.Run(t.Context(), testbackend.Get(t), s, o)
	refused(t, err, "does not match the model: parameter W_embed of model is (Float32)")

	lstm, l := c.solver(t, "lstm", "adam", dtypes.Float32)
	requireUnchanged(t, lstm, o, l, `is a checkpoint of model "rnn", not of "lstm"`)
}
