package training_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/training"
)

// run is a small run's state.
type run struct {
	training.Progress
	Loss []float64 `json:"loss"`
}

// keep saves a run with one variable.
func keep(t *testing.T, f training.Folder, r run) {
	t.Helper()
	store := model.NewStore()
	_, err := store.CreateVariable("/w", tensors.FromValue([]float32{1, 2}))
	require.NoError(t, err)
	require.NoError(t, f.Save(store, r, r.Loss))
}

func TestKeepAndLoad(t *testing.T) {
	t.Parallel()
	f := training.Folder(filepath.Join(t.TempDir(), "new", "run"))
	release, err := f.Claim()
	require.NoError(t, err)
	defer release()
	require.False(t, f.Interrupted())
	_, err = f.Load(new(run))
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, "train first")

	half := run{training.Progress{Iteration: 2, Total: 4}, []float64{3, 2}}
	keep(t, f, half)
	require.True(t, f.Interrupted())
	var got run
	store, err := f.Load(&got)
	require.NoError(t, err)
	require.Equal(t, half, got)
	require.Equal(t, []float32{1, 2}, store.GetVariable("/w").MustValue().Value())
	history, err := os.ReadFile(filepath.Join(string(f), "history.json"))
	require.NoError(t, err)
	require.Equal(t, "[3,2]\n", string(history))

	keep(t, f, run{training.Progress{Iteration: 4, Total: 4}, []float64{3, 2, 1, 0}})
	require.False(t, f.Interrupted())
}

// TestSetAside moves a run's files, and only these, and replaces the run that was set aside before.
func TestSetAside(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := training.Folder(dir)
	previous, err := f.SetAside()
	require.NoError(t, err)
	require.Empty(t, previous, "there is no run yet")
	for _, name := range []string{"notes.txt", "samples-000007.png", "previous/samples-000003.png", "previous/notes.txt"} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o644))
	}
	keep(t, f, run{})
	previous, err = f.SetAside()
	require.NoError(t, err)
	require.Equal(t, filepath.Join(dir, "previous"), previous)
	var files []string
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if !d.IsDir() {
			name, _ := filepath.Rel(dir, path)
			files = append(files, filepath.ToSlash(name))
		}
		return err
	}))
	require.ElementsMatch(t, []string{"notes.txt", "previous/checkpoint.safetensors", "previous/history.json", "previous/notes.txt", "previous/samples-000007.png"}, files)
}

// TestNoFolder keeps nothing and complains of nothing.
func TestNoFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	var f training.Folder
	release, err := f.Claim()
	require.NoError(t, err)
	release()
	require.NoError(t, f.Save(model.NewStore(), nil, nil))
	previous, err := f.SetAside()
	require.NoError(t, err)
	require.Empty(t, previous)
	files, err := os.ReadDir(".")
	require.NoError(t, err)
	require.Empty(t, files)
}
