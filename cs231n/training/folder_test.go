package training_test

import (
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/checkpoint"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// saveRun trains the line for some of its 20 iterations in a folder.
func saveRun(t *testing.T, folder training.Folder, iterations int) {
	t.Helper()
	l := newLine(t)
	l.PerCall = 1
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	_, _ = training.Run(ctx, testbackend.Get(t), l.Task, training.Options{Folder: folder, OnStep: func(done, _ int, _ ...float64) {
		if done == iterations {
			cancel()
		}
	}})
}

// damage changes or truncates a file.
func damage(t *testing.T, path string, change func(data []byte) []byte) {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, change(data), 0o644))
}

func half(data []byte) []byte { return data[:len(data)/2] }

// lastBit damages the last variable but not the header.
func lastBit(data []byte) []byte { data[len(data)-1] ^= 1; return data }

// names lists the files below a folder.
func names(t *testing.T, dir string) (files []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if !d.IsDir() {
			name, _ := filepath.Rel(dir, path)
			files = append(files, filepath.ToSlash(name))
		}
		return err
	}))
	return files
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	f := training.Folder(filepath.Join(t.TempDir(), "run"))
	interrupted, err := f.Interrupted()
	require.NoError(t, err)
	require.False(t, interrupted, "no run")
	saveRun(t, f, 5)
	interrupted, err = f.Interrupted()
	require.NoError(t, err)
	require.True(t, interrupted)

	damage(t, f.Checkpoint(), lastBit) // Interrupted does not read the variables
	interrupted, err = f.Interrupted()
	require.NoError(t, err)
	require.True(t, interrupted)
	damage(t, f.Checkpoint(), half)
	_, err = f.Interrupted()
	require.ErrorContains(t, err, "checkpoint "+f.Checkpoint()+" cannot be used: it is damaged or incomplete")
	require.ErrorContains(t, err, "remove it to start over")

	whole := training.Folder(t.TempDir())
	saveRun(t, whole, 20)
	interrupted, err = whole.Interrupted()
	require.NoError(t, err)
	require.False(t, interrupted, "a run at its end")
}

// TestDamaged expects an error for resuming a damaged run, and for a new run if the damaged one would replace an intact one.
func TestDamaged(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func([]byte) []byte{"half": half, "last bit": lastBit} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := training.Folder(t.TempDir())
			saveRun(t, f, 20)
			saveRun(t, f, 5) // moves the first run to previous
			damage(t, f.Checkpoint(), change)
			before := names(t, string(f))
			for _, resume := range []bool{true, false} {
				l := newLine(t)
				params, position := l.params(), *l.stream
				r, err := training.Run(context.Background(), testbackend.Get(t), l.Task, training.Options{Folder: f, Resume: resume})
				require.ErrorContains(t, err, "damaged")
				require.Nil(t, r)
				require.Equal(t, params, l.params())
				require.Equal(t, position.Float64(), l.stream.Float64(), "the stream is unchanged")
			}
			require.Equal(t, before, names(t, string(f)))
			_, previous, err := training.Folder(filepath.Join(string(f), "previous")).Open([]string{"MSE"})
			require.NoError(t, err)
			require.Equal(t, 20, previous.Iteration)

			require.NoError(t, os.RemoveAll(filepath.Join(string(f), "previous")))
			saveRun(t, f, 3) // now the damaged one may be moved aside
			require.FileExists(t, filepath.Join(string(f), "previous", "checkpoint.safetensors"))
		})
	}
}

// TestSetAside moves a run's files, and only these, and replaces the run that was set aside before.
func TestSetAside(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := training.Folder(dir)
	previous, err := f.SetAside()
	require.NoError(t, err)
	require.Empty(t, previous, "there is no run yet")
	saveRun(t, f, 1)
	require.NoError(t, os.Rename(f.Checkpoint(), filepath.Join(dir, "data"))) // a checkpoint may be a link
	require.NoError(t, os.Symlink(filepath.Join(dir, "data"), f.Checkpoint()))
	for _, name := range []string{"notes.txt", "samples-000007.png", "previous/samples-000003.png", "previous/notes.txt"} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o644))
	}
	previous, err = f.SetAside()
	require.NoError(t, err)
	require.Equal(t, filepath.Join(dir, "previous"), previous)
	require.ElementsMatch(t, []string{"data", "notes.txt", "previous/checkpoint.safetensors", "previous/history.json", "previous/notes.txt", "previous/samples-000007.png"}, names(t, dir))
}

// TestNoFolder saves nothing and returns no error.
func TestNoFolder(t *testing.T) {
	testbackend.Get(t) // must be opened in the checkout
	t.Chdir(t.TempDir())
	var f training.Folder
	release, err := f.Claim()
	require.NoError(t, err)
	release()
	previous, err := f.SetAside()
	require.NoError(t, err)
	require.Empty(t, previous)
	newLine(t).train(t, training.Options{Resume: true})
	require.Empty(t, names(t, "."))
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	f := training.Folder(t.TempDir())
	_, _, err := f.Open(nil)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, "no checkpoint in "+string(f)+": train first")
	saveRun(t, f, 5)
	_, _, err = f.Open(nil, "gan", "lsgan")
	require.ErrorContains(t, err, `is a checkpoint of model "line", not of "gan" or "lsgan"; choose another folder`)
	_, _, err = f.Open([]string{"D"})
	require.ErrorContains(t, err, `has 0 losses "D" for 5 iterations`)
	file, r, err := f.Open([]string{"Size"})
	require.NoError(t, err)
	require.Len(t, r.Losses[0], 5)
	wide := nn.Sequential(nn.Linear(2, 1, rng.NewTorch(0)))
	require.ErrorContains(t, file.Set(map[string][]*nn.Param{"net": wide.Params()}), "does not match the model: parameter 0/weight of net is")
}

// TestHistory checks the losses by lower-case name. A resumed run repairs the history.
func TestHistory(t *testing.T) {
	t.Parallel()
	f := training.Folder(t.TempDir())
	saveRun(t, f, 5)
	path := filepath.Join(string(f), "history.json")
	var history struct {
		Model     string
		Seed      *uint64
		MSE, Size []float64
	}
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(before, &history))
	require.Equal(t, "line", history.Model)
	require.Zero(t, *history.Seed)
	require.Len(t, history.MSE, 5)
	require.Len(t, history.Size, 5)

	require.NoError(t, os.WriteFile(path, []byte("{}"), 0o644)) // as if the run was killed between the two files
	newLine(t).train(t, training.Options{Folder: f, Resume: true, Iters: 5})
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(before), string(after))
	interrupted, err := f.Interrupted()
	require.NoError(t, err)
	require.False(t, interrupted, "no more than five iterations are wanted now")
}

// TestCancelledBefore cancels the context before the run. An earlier run in the folder is unchanged.
func TestCancelledBefore(t *testing.T) {
	t.Parallel()
	f := training.Folder(t.TempDir())
	saveRun(t, f, 20)
	before := names(t, string(f))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	l := newLine(t)
	params := l.params()
	_, err := training.Run(ctx, testbackend.Get(t), l.Task, training.Options{Folder: f})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, before, names(t, string(f)))
	require.Equal(t, params, l.params())
}

// TestDamagedSamples opens checkpoints that name samples without having them as a matrix of float32.
func TestDamagedSamples(t *testing.T) {
	t.Parallel()
	folder := training.Folder(t.TempDir())
	state := map[string]any{"model": "line", "seed": 1, "iteration": 1, "total": 2, "shown": []int{7}, "loss": []float64{0.5}}
	for _, c := range []struct {
		samples *tensors.Tensor
		found   bool
	}{
		{nil, false},
		{tensors.FromValue([]float32{1, 2}), false},
		{tensors.FromValue([][]float64{{1, 2}}), false},
		{tensors.FromShape(shapes.Make(dtypes.Float32, 0, 2)), false},
		{tensors.FromValue([][]float32{{1, 2}, {3, 4}}), true},
	} {
		store := model.NewStore()
		if c.samples != nil {
			_, err := store.CreateVariable("/samples/000007", c.samples)
			require.NoError(t, err)
		}
		require.NoError(t, checkpoint.Save(folder.Checkpoint(), store, state))
		_, result, err := folder.Open([]string{"loss"}, "line")
		if !c.found {
			require.EqualError(t, err, "training: "+folder.Checkpoint()+" lacks the samples of iteration 7")
			continue
		}
		require.NoError(t, err)
		require.Equal(t, []training.Samples{{Iteration: 7, Images: [][]float32{{1, 2}, {3, 4}}}}, result.Samples)
	}
}
