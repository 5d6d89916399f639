package training_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/optim"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// points is the number of examples of a line and batch the batch size. An epoch has five iterations.
const points, batch = 22, 4

// line is a task that fits y = 3x − 1 by gradient descent. Its samples are the parameters.
type line struct {
	training.Task
	net    *nn.Network
	stream *rng.NumPy
}

// newLine makes the task with parameters and batches from seeds.
func newLine(t *testing.T) *line {
	t.Helper()
	l := &line{net: nn.Sequential(nn.Linear(1, 1, rng.NewTorch(7))), stream: rng.NewNumPy(7)}
	var x, y []float32
	for i := range points {
		x = append(x, float32(i)/points)
		y = append(y, 3*x[i]-1)
	}
	l.Task = training.Task{
		Model:    "line",
		Modules:  []training.Module{{Name: "net", Params: l.net.Params(), Optimizer: optim.Momentum{Name: "sgd", LearningRate: 0.03}}},
		Losses:   []string{"MSE", "Size"},
		Settings: []training.Setting{{Key: "points", Label: "number of points", Value: points}},
		Streams:  []training.Stream{{Key: "stream", Label: "batches", RandomStream: l.stream}},
		Data:     []*tensors.Tensor{tensors.FromFlatDataAndDimensions(x, points, 1), tensors.FromFlatDataAndDimensions(y, points, 1)},
		Examples: points, PerCall: 3,
		Draw: func(_, n int) ([]*tensors.Tensor, error) {
			rows := make([]int32, n)
			for i, row := range l.stream.Choice(points, n) {
				rows[i] = int32(row)
			}
			return []*tensors.Tensor{tensors.FromFlatDataAndDimensions(rows, n, 1)}, nil
		},
		SampleShape: []int{1, 2},
		Step: func(s *training.Step) ([]*Node, *Node) {
			x, y := Gather(s.Data[0], s.Batch[0]), Gather(s.Data[1], s.Batch[0])
			guess, back := l.net.Forward(s.Params("net"), x)
			loss := ReduceAllMean(Square(Sub(guess, y)))
			_, grads := back(Gradient(loss, guess)[0])
			s.Update("net", grads)
			p := s.Params("net").Of(l.net.Params()) // the updated ones
			params := Concatenate([]*Node{Reshape(p[0], 1, 1), Reshape(p[1], 1, 1)}, 1)
			return []*Node{loss, ReduceAllMax(Abs(params))}, params
		},
		Line:   func(i, total int, losses []float64) string { return fmt.Sprintf("%d/%d %.3f", i, total, losses[0]) },
		Epochs: 4, BatchSize: batch, LogEvery: 6,
	}
	return l
}

// train runs the task, which must succeed.
func (l *line) train(t *testing.T, o training.Options) *training.Result {
	t.Helper()
	r, err := training.Run(context.Background(), testbackend.Get(t), l.Task, o)
	require.NoError(t, err)
	return r
}

func (l *line) params() []float32 {
	return []float32{tensors.MustCopyFlatData[float32](l.net.Params()[0].Value)[0], tensors.MustCopyFlatData[float32](l.net.Params()[1].Value)[0]}
}

// TestRun fits a line and checks everything that a run returns, logs and leaves.
func TestRun(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	var log bytes.Buffer
	steps, shown := 0, []int(nil)
	folder := training.Folder(filepath.Join(t.TempDir(), "line"))
	r := l.train(t, training.Options{
		Seed: 9, Folder: folder, Log: &log,
		OnStep: func(done, total int, losses ...float64) {
			steps++
			require.Equal(t, steps, done)
			require.Equal(t, 20, total)
			require.Len(t, losses, 2)
		},
		OnSamples: func(i int, images [][]float32) error {
			shown = append(shown, i)
			require.Len(t, images, 1)
			return nil
		},
	})
	require.Equal(t, 20, steps, "4 epochs of 22/4 iterations")
	require.Equal(t, training.Progress{Iteration: 20, Total: 20}, r.Progress)
	require.Equal(t, []string{"MSE", "Size"}, r.Names)
	require.Len(t, r.Losses[0], 20)
	require.Less(t, r.Losses[0][19], r.Losses[0][0]/3)
	require.Equal(t, []int{0, 6, 12, 18}, shown)
	require.Len(t, r.Samples, 4)
	require.Equal(t, 12, r.Samples[2].Iteration)
	for _, s := range r.Samples { // the parameters are the samples, their size is a loss
		size := math.Max(math.Abs(float64(s.Images[0][0])), math.Abs(float64(s.Images[0][1])))
		require.Equal(t, r.Losses[1][s.Iteration], size, "samples of iteration %d", s.Iteration)
	}
	params := l.params()
	require.Equal(t, r.Losses[1][19], math.Max(math.Abs(float64(params[0])), math.Abs(float64(params[1]))), "the parameters are those of the last step")
	require.Equal(t, fmt.Sprintf("0/20 %.3f\n6/20 %.3f\n12/20 %.3f\n18/20 %.3f\n", r.Losses[0][0], r.Losses[0][6], r.Losses[0][12], r.Losses[0][18]), log.String())

	file, loaded, err := folder.Open([]string{"MSE", "Size"}, "other", "line")
	require.NoError(t, err)
	require.Equal(t, r, loaded)
	require.EqualValues(t, 9, loaded.Seed)
	other := nn.Sequential(nn.Linear(1, 1, nil))
	require.NoError(t, file.Set(map[string][]*nn.Param{"net": other.Params()}))
	for i, p := range other.Params() {
		require.True(t, p.Value.Equal(l.net.Params()[i].Value))
	}
	for _, data := range l.Data {
		require.False(t, data.Ok(), "the memory of the data is free")
	}
}

// TestResume stops a run at several iterations and compares it with an uninterrupted one, bit for bit.
func TestResume(t *testing.T) {
	t.Parallel()
	whole := newLine(t)
	want := whole.train(t, training.Options{})
	folder := training.Folder(t.TempDir())
	for _, stopAt := range []int{1, 7, 12} {
		l := newLine(t)
		ctx, cancel := context.WithCancel(context.Background())
		r, err := training.Run(ctx, testbackend.Get(t), l.Task, training.Options{Folder: folder, Resume: true, SaveEvery: 100, OnStep: func(done, _ int, _ ...float64) {
			if done >= stopAt {
				cancel()
			}
		}})
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, want.Losses[0][:r.Iteration], r.Losses[0], "the partial result")
		interrupted, err := folder.Interrupted()
		require.NoError(t, err)
		require.True(t, interrupted)
	}
	l := newLine(t)
	var log bytes.Buffer
	got := l.train(t, training.Options{Folder: folder, Resume: true, Log: &log})
	require.Contains(t, log.String(), "Resuming "+folder.Checkpoint()+" at iteration 1")
	require.Equal(t, want, got)
	require.Equal(t, whole.params(), l.params())
	require.Equal(t, whole.stream.Float64(), l.stream.Float64(), "the position in the stream")
	interrupted, err := folder.Interrupted()
	require.NoError(t, err)
	require.False(t, interrupted)

	again := newLine(t)
	require.Equal(t, want, again.train(t, training.Options{Folder: folder, Resume: true}), "nothing is left to do")
	require.Equal(t, whole.params(), again.params(), "the parameters are loaded all the same")
}

// TestStopWithoutFolder expects the partial result of a run that was canceled. The model keeps what it learned.
func TestStopWithoutFolder(t *testing.T) {
	t.Parallel()
	short := newLine(t)
	want := short.train(t, training.Options{Iters: 7})
	l := newLine(t)
	l.PerCall = 1
	ctx, cancel := context.WithCancel(context.Background())
	r, err := training.Run(ctx, testbackend.Get(t), l.Task, training.Options{OnStep: func(done, _ int, _ ...float64) {
		if done == 7 {
			cancel()
		}
	}})
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "after iteration 7 of 20; nothing was saved, since no folder was given")
	require.Equal(t, want.Losses, r.Losses)
	require.Equal(t, short.params(), l.params())
	require.Equal(t, short.stream.Float64(), l.stream.Float64())
}

// TestSamplesNotShown ends a run whose samples cannot be shown, for instance on a full disk. The run is saved.
func TestSamplesNotShown(t *testing.T) {
	t.Parallel()
	full := errors.New("no space left")
	l, folder := newLine(t), training.Folder(t.TempDir())
	done := 0
	r, err := training.Run(context.Background(), testbackend.Get(t), l.Task, training.Options{
		Folder: folder, OnStep: func(n, _ int, _ ...float64) { done = n },
		OnSamples: func(i int, _ [][]float32) error {
			if i == 6 {
				return full
			}
			return nil
		},
	})
	require.ErrorIs(t, err, full)
	require.Contains(t, []int{7, 8, 9}, done, "the steps of the same call are recorded too")
	require.ErrorContains(t, err, fmt.Sprintf("the samples of iteration 6: no space left; iterations up to %d are saved in %s", done, folder))
	require.Equal(t, done, r.Iteration)
	require.Len(t, r.Losses[0], done)
	require.Len(t, r.Samples, 2, "recorded even if they cannot be shown")
	want := newLine(t)
	want.train(t, training.Options{Iters: done})
	require.Equal(t, want.params(), l.params())
	require.Equal(t, newLine(t).train(t, training.Options{}), newLine(t).train(t, training.Options{Folder: folder, Resume: true}))
}

// TestSaveNotPossible returns the partial result of a run that cannot be saved.
func TestSaveNotPossible(t *testing.T) {
	t.Parallel()
	l, folder := newLine(t), training.Folder(t.TempDir())
	r, err := training.Run(context.Background(), testbackend.Get(t), l.Task, training.Options{Folder: folder, SaveEvery: 3, OnStep: func(done, _ int, _ ...float64) {
		if done == 1 { // a folder where the checkpoint should be
			require.NoError(t, os.MkdirAll(filepath.Join(folder.Checkpoint(), "full"), 0o755))
		}
	}})
	require.ErrorContains(t, err, "was not saved")
	require.Equal(t, 3, r.Iteration)
	want := newLine(t)
	want.train(t, training.Options{Iters: 3})
	require.Equal(t, want.params(), l.params())
}

// TestDiverged keeps the losses before the divergence.
func TestDiverged(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	l.Modules[0].Optimizer = optim.SGD{Name: "sgd", LearningRate: 1e12}
	r, err := training.Run(context.Background(), testbackend.Get(t), l.Task, training.Options{Folder: training.Folder(t.TempDir())})
	require.ErrorContains(t, err, "training has diverged, the losses at iteration")
	require.ErrorContains(t, err, "nothing is saved in")
	require.NotZero(t, r.Iteration)
	require.Len(t, r.Losses[0], r.Iteration)
	for _, loss := range r.Losses[0] {
		require.False(t, math.IsInf(loss, 0) || math.IsNaN(loss))
	}
}

// TestStreamFile draws from a stream that is bound to a file. The file is written only at the end of the run.
func TestStreamFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "numpy.rng")
	bound, err := rng.OpenNumPy(path)
	require.NoError(t, err)
	bound.Seed(7)
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	l := newLine(t)
	l.stream = bound
	l.Streams[0].RandomStream = bound
	l.train(t, training.Options{OnStep: func(int, int, ...float64) {
		during, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, before, during)
	}})
	again, err := rng.OpenNumPy(path)
	require.NoError(t, err)
	plain := newLine(t)
	plain.train(t, training.Options{})
	require.Equal(t, plain.stream.Float64(), again.Float64())
}
