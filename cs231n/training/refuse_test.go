package training_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// TestRefuses resumes a run with settings that must not change, and starts runs with invalid settings. Each gives a
// one-line error and leaves the run, the parameters and the streams unchanged.
func TestRefuses(t *testing.T) {
	t.Parallel()
	backend := testbackend.Get(t)
	available := backend.NumDevices()
	f := training.Folder(t.TempDir())
	saveRun(t, f, 5)
	before, err := os.ReadFile(f.Checkpoint())
	require.NoError(t, err)
	for _, c := range []struct {
		name    string
		change  func(l *line, o *training.Options)
		wantErr string
	}{
		{"another model", func(l *line, _ *training.Options) { l.Model = "curve" }, `is a checkpoint of model "line", not of "curve"; choose another folder`},
		{"another seed", func(_ *line, o *training.Options) { o.Seed = 8 }, "was trained with seed 0, not with seed 8; choose another folder, or the same settings and data"},
		{"another batch", func(_ *line, o *training.Options) { o.BatchSize = 2 }, "was trained with batch size 4, not with batch size 2"},
		{"two settings", func(l *line, o *training.Options) { l.Settings[0].Value, o.Seed = 23, 1 }, "with seed 0, number of points 22, not with seed 1, number of points 23"},
		{"a text", func(l *line, _ *training.Options) { l.Settings[0].Value = "many" }, "with number of points 22, not with number of points many; choose another folder, or the same settings and data"},
		{"a key too many", func(l *line, _ *training.Options) {
			l.Streams, l.Settings = nil, append(l.Settings, training.Setting{Key: "stream", Label: "batches"})
		}, "was trained with batches, not with no batches"},
		{"a stream too few", func(l *line, _ *training.Options) {
			l.Streams = append(l.Streams, training.Stream{Key: "noise", Label: "dropout", RandomStream: rng.NewTorch(1)})
		}, "was trained with no dropout, not with dropout"},
		{"another kind of stream", func(l *line, _ *training.Options) {
			l.Streams[0].RandomStream = rng.NewTorch(1)
		}, "belongs to a NumPy stream, not to a Torch stream"},
		{"other parameters", func(l *line, _ *training.Options) {
			l.Modules[0].Params = nn.Sequential(nn.Linear(2, 1, rng.NewTorch(0))).Params()
		}, "does not match the model: parameter 0/weight of net is"},
		{"more parameters", func(l *line, _ *training.Options) {
			l.Modules[0].Params = nn.Sequential(nn.Linear(1, 1, nil), nn.Linear(1, 1, nil)).Params()
		}, "it lacks the parameter 1/weight of net"},
		{"fewer parameters", func(l *line, _ *training.Options) { l.Modules[0].Params = l.Modules[0].Params[:1] }, "the model lacks its parameter /net/0/bias"},
		{"another loss", func(l *line, _ *training.Options) { l.Losses[1] = "Width" }, `has 0 losses "Width" for 5 iterations`},
		{"no modules", func(l *line, _ *training.Options) { l.Modules = nil }, "a Task needs modules, losses, examples, Draw, Step and Line"},
		{"no examples", func(l *line, _ *training.Options) { l.Examples = 0 }, "a Task needs modules"},
		{"negative epochs", func(_ *line, o *training.Options) { o.Epochs = -1 }, "cannot be negative"},
		{"negative iterations", func(_ *line, o *training.Options) { o.Iters = -1 }, "cannot be negative"},
		{"negative batch", func(_ *line, o *training.Options) { o.BatchSize = -1 }, "cannot be negative"},
		{"negative interval", func(_ *line, o *training.Options) { o.SaveEvery = -1 }, "cannot be negative"},
		{"negative interval of copies", func(_ *line, o *training.Options) { o.KeepEvery = -1 }, "cannot be negative"},
		{"nothing to keep", func(_ *line, o *training.Options) { o.KeepEvery = 1 }, "KeepEvery is 1, but the Task of line names nothing to keep"},
		{"two kinds of samples", func(l *line, _ *training.Options) {
			l.Sample = func(compute.Backend, *model.Store) ([][]float32, error) { return nil, nil }
		}, "a Task with Sample has no SampleShape, and PerCall is 1"},
		{"negative log", func(_ *line, o *training.Options) { o.LogEvery = -1 }, "cannot be negative"},
		{"a loss with a name of the state", func(l *line, _ *training.Options) { l.Losses[1] = "Total" }, "the name total is used twice"},
		{"two losses of one name", func(l *line, _ *training.Options) { l.Losses = []string{"x", "X"} }, "the name x is used twice"},
		{"a setting with a stream's key", func(l *line, _ *training.Options) { l.Settings[0].Key = "stream" }, "the name stream is used twice"},
		{"a layer used twice", func(l *line, _ *training.Options) {
			l.Modules[0].Params = append(l.Modules[0].Params, l.Modules[0].Params[0])
		}, "the name /net/0/weight is used twice"},
		{"data of an earlier run", func(l *line, _ *training.Options) { require.NoError(t, l.Data[1].FinalizeAll()) }, "the data of this Task were freed by an earlier run"},
		{"the task's own check", func(l *line, _ *training.Options) {
			l.Check = func(n int) error { return fmt.Errorf("a batch of %d is not mine", n) }
		}, "a batch of 4 is not mine"},
		{"negative devices", func(_ *line, o *training.Options) { o.Devices = -1 }, fmt.Sprintf("training: -1 devices requested, but the backend xla has %d; choose a number from 1 to %[1]d", available)},
		{"too many devices", func(_ *line, o *training.Options) { o.Devices = available + 1 }, fmt.Sprintf("%d devices requested, but the backend xla has %d", available+1, available)},
		{"devices that cannot share", func(_ *line, o *training.Options) { o.Devices, o.BatchSize = 2, 5 }, "2 devices cannot share a batch of 5 evenly; choose a batch that is a multiple of 2, or another number of devices"},
	} {
		t.Run(c.name, func(t *testing.T) { // one after the other: only one may train in a folder
			l := newLine(t)
			params, place := l.params(), *l.stream
			o := training.Options{Folder: f, Resume: true}
			c.change(l, &o)
			r, err := training.Run(context.Background(), backend, l.Task, o)
			require.ErrorContains(t, err, c.wantErr)
			require.NotContains(t, err.Error(), "\n", "an error is one line")
			require.Nil(t, r)
			require.Equal(t, params, l.params())
			require.Equal(t, place.Float64(), l.stream.Float64())
		})
	}
	after, err := os.ReadFile(f.Checkpoint())
	require.NoError(t, err)
	require.Equal(t, before, after)
	require.NoDirExists(t, string(f)+"/previous")
}

// TestDrawFails ends a run whose batches cannot be drawn. The partial result is returned.
func TestDrawFails(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	draw := l.Draw
	l.Draw = func(i, n int) ([]*tensors.Tensor, error) {
		if i == 4 {
			return nil, os.ErrClosed
		}
		return draw(i, n)
	}
	r, err := training.Run(context.Background(), testbackend.Get(t), l.Task, training.Options{Folder: training.Folder(t.TempDir())})
	require.ErrorIs(t, err, os.ErrClosed)
	require.ErrorContains(t, err, "nothing is saved in")
	require.Len(t, r.Losses[0], r.Iteration)
	want := newLine(t)
	want.train(t, training.Options{Iters: r.Iteration})
	require.Equal(t, want.params(), l.params())
}

// TestDefaults checks the defaults of zero values, SaveEvery included.
func TestDefaults(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	l.Epochs, l.BatchSize, l.LogEvery, l.PerCall = 0, 0, 0, 0
	f := training.Folder(t.TempDir())
	r := l.train(t, training.Options{Folder: f})
	require.Equal(t, points, r.Total, "one epoch of batches of one")
	require.Len(t, r.Samples, points)
	interrupted, err := f.Interrupted()
	require.NoError(t, err)
	require.False(t, interrupted)
}

func TestIterations(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	for want, o := range map[int]training.Options{
		4 * 5: {}, 3 * 5: {Epochs: 3}, 7: {Iters: 7, Epochs: 3}, 4 * 2: {BatchSize: 9}, 4: {BatchSize: 40},
	} {
		got, err := l.Iterations(o)
		require.NoError(t, err)
		require.Equal(t, want, got, "%+v", o)
	}
	_, err := l.Iterations(training.Options{Epochs: -1})
	require.ErrorContains(t, err, "epochs (-1)")
}
