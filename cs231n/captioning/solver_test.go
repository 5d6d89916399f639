package captioning_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/captioning"
	"github.com/cs231n-go/assignment3/cs231n/checkpoint"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/optim"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// TestLog compares the log with the original's output.
func TestLog(t *testing.T) {
	t.Parallel()
	s, o, _ := counting(t, 1)
	var log strings.Builder
	o.Iters, o.LogEvery, o.Log = 12, 5, &log
	losses := train(t, s, o).Losses[0]
	require.Equal(t, fmt.Sprintf("(Iteration 1 / 12) loss: %.6f\n(Iteration 6 / 12) loss: %.6f\n(Iteration 11 / 12) loss: %.6f\n", losses[0], losses[5], losses[10]), log.String())
	require.Less(t, losses[11], losses[0])
}

// TestTrainAgain trains one model twice. The second run starts with the parameters of the first and without its optimizer
// state.
func TestTrainAgain(t *testing.T) {
	t.Parallel()
	s, o, _ := counting(t, 1)
	s.UpdateRule, s.LearningRate, o.Folder = "adam", 0.1, training.Folder(t.TempDir())
	first := train(t, s, o)
	s.UpdateRule = "sgd"
	second := train(t, s, o)
	require.Less(t, second.Losses[0][0], first.Losses[0][0])
	require.Len(t, second.Losses[0], 6)
	require.FileExists(t, filepath.Join(string(o.Folder), "previous", "history.json"))
}

// TestTask compares the training task with the original's defaults.
func TestTask(t *testing.T) {
	t.Parallel()
	s, _, m := small(t, "")
	task, err := s.Task()
	require.NoError(t, err)
	require.Equal(t, []int{10, 100, 10}, []int{task.Epochs, task.BatchSize, task.LogEvery})
	require.Equal(t, 30, task.Examples)
	require.Equal(t, "rnn", task.Model)
	require.Equal(t, m.Params(), task.Modules[0].Params)
	require.Len(t, task.Streams, 1)
	require.Equal(t, []int{30, 30, s.Data.Train.Images()}, []int{task.Data[0].Shape().Dim(0), task.Data[1].Shape().Dim(0), task.Data[2].Shape().Dim(0)})

	s.UpdateRule = ""
	task, err = s.Task()
	require.NoError(t, err)
	require.Contains(t, task.Settings, training.Setting{Key: "rule", Label: "update rule", Value: "sgd"}, "the RNN's own rule")
	transformer, _, _ := tiny(t, withDropout, "")
	task, err = transformer.Task()
	require.NoError(t, err)
	require.Contains(t, task.Settings, training.Setting{Key: "rule", Label: "update rule", Value: "torch_adam"}, "the Transformer's own rule")
	require.Len(t, task.Streams, 2)
}

// TestLearningRateDecay checks the rate in the checkpoint: it is multiplied by the factor once per full epoch.
func TestLearningRateDecay(t *testing.T) {
	t.Parallel()
	s, o, _ := counting(t, 1)
	s.LearningRate, s.LRDecay, o.Iters, o.Folder = 0.25, 0.5, 17, training.Folder(t.TempDir()) // epochs have six iterations
	train(t, s, o)
	store, err := checkpoint.Load(o.Folder.Checkpoint(), new(training.Progress))
	require.NoError(t, err)
	rate, err := optim.LearningRate(store, "solver")
	require.NoError(t, err)
	require.Equal(t, 0.25*0.5*0.5, rate)
}

// TestBoundStreams trains with random streams that are bound to files. The files do not change in training and have the
// state of a free stream afterwards.
func TestBoundStreams(t *testing.T) {
	t.Parallel()
	free, o, m := counting(t, 4)
	free.Stream, m.noise = rng.NewNumPy(5), rng.NewTorch(6)
	want := train(t, free, o).Losses[0]

	dir := t.TempDir()
	batches, noise := filepath.Join(dir, "numpy"), filepath.Join(dir, "torch")
	bound, o, n := counting(t, 4)
	var err error
	bound.Stream, err = rng.OpenNumPy(batches)
	require.NoError(t, err)
	n.noise, err = rng.OpenTorch(noise)
	require.NoError(t, err)
	bound.Stream.Seed(5)
	n.noise.Seed(6)

	check, calls := unchanged(t, training.Folder(dir)), 0
	o.OnStep = func(int, int, ...float64) {
		check()
		calls++
	}
	require.InEpsilonSlice(t, want, train(t, bound, o).Losses[0], 1e-12)
	require.Equal(t, 6, calls)
	for file, want := range map[string]training.RandomStream{batches: free.Stream, noise: m.noise} {
		got, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, state(t, want), got, file)
	}
	bound.Stream.Float64()
	got, err := os.ReadFile(batches)
	require.NoError(t, err)
	require.NotEqual(t, state(t, free.Stream), got, "from now on every draw is written again")
	require.Equal(t, state(t, bound.Stream), got)
}

// TestStoppedWithoutFolder checks that a canceled run without a folder keeps its trained parameters.
func TestStoppedWithoutFolder(t *testing.T) {
	t.Parallel()
	s, o, m := counting(t, 1)
	initial := m.bias.Value.Value()
	stopped := trainUntil(t, 5, s, o)
	require.Equal(t, training.Progress{Iteration: 5, Total: 6}, stopped.Progress)
	require.NotEqual(t, initial, m.bias.Value.Value())

	again, o, n := counting(t, 1)
	o.Iters = 5
	equalLosses(t, train(t, again, o).Losses[0], stopped.Losses[0])
	require.InDeltaSlice(t, n.bias.Value.Value(), m.bias.Value.Value(), testbackend.Tolerance(t, 0, 1e-9))
	require.Equal(t, state(t, again.Stream), state(t, s.Stream))

	// The run stops after the iterations of the current call.
	long, o, a := counting(t, 8)
	a.noise, o.Iters = rng.NewTorch(6), 2000
	part := trainUntil(t, 3, long, o)
	require.Less(t, part.Iteration, 20)
	require.Len(t, part.Losses[0], part.Iteration)
	short, o, b := counting(t, 8)
	b.noise, o.Iters = rng.NewTorch(6), part.Iteration
	equalLosses(t, train(t, short, o).Losses[0], part.Losses[0])
	require.InDeltaSlice(t, b.bias.Value.Value(), a.bias.Value.Value(), testbackend.Tolerance(t, 0, 1e-9))
	require.Equal(t, state(t, short.Stream), state(t, long.Stream))
	require.Equal(t, state(t, b.noise), state(t, a.noise))
}

// TestParamsStayValid uses a model's parameters, and their earlier values, after a run was resumed.
func TestParamsStayValid(t *testing.T) {
	t.Parallel()
	folder := saved(t, "rnn")
	s, o, m := small(t, folder)
	trained, _, err := captioning.LoadRNN(folder, &s.Data.Vocab)
	require.NoError(t, err)
	o.Iters, o.Resume = 4, true
	held, before := m.Params(), params(t, m)
	var values []*tensors.Tensor
	for _, p := range held {
		values = append(values, p.Value)
	}
	train(t, s, o)
	for i, p := range m.Params() {
		require.Same(t, held[i], p)
		old, err := tensors.CopyFlatData[float32](values[i])
		require.NoError(t, err, "a value from before can still be read")
		require.Equal(t, before[p.Name], old)
	}
	after := params(t, m)
	for name := range before {
		require.NotEqual(t, before[name], after[name], name)
		require.NotEqual(t, params(t, trained)[name], after[name], name)
	}
	loaded, _, err := captioning.LoadRNN(folder, &s.Data.Vocab)
	require.NoError(t, err)
	require.Equal(t, params(t, loaded), after)
}
