package checkpoint_test

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/checkpoint"
)

type progress struct{ Step int }

func exampleStore() *model.Store {
	store := model.NewStore()
	store.VariableWithValue("/D/0/weight", [][]float32{{1, 2, 3}, {4, 5, 6}})
	store.VariableWithValue("/step", int64(1)<<40)
	store.VariableWithValue("/empty", tensors.FromFlatDataAndDimensions([]float64{}, 0, 3))
	return store
}

func Example() {
	dir, err := os.MkdirTemp("", "checkpoint")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	store := model.NewStore()
	store.VariableWithValue("/weight", []float32{1, 2, 3})
	path := filepath.Join(dir, "model.safetensors")
	if err := checkpoint.Save(path, store, progress{Step: 7}); err != nil {
		fmt.Println(err)
		return
	}

	var p progress
	loaded, err := checkpoint.Load(path, &p)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.Step, loaded.GetVariable("/weight").MustValue().Value())
	// Output: 7 [1 2 3]
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new", "folder [draft", "x.safetensors") // a bracket starts a glob pattern
	store := exampleStore()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	leftover := filepath.Join(filepath.Dir(path), ".x.safetensors123")
	require.NoError(t, os.WriteFile(leftover, []byte("half a save"), 0o600))
	require.NoError(t, checkpoint.Save(path, store, progress{3}))
	var p progress
	loaded, err := checkpoint.Load(path, &p)
	require.NoError(t, err)
	require.Equal(t, progress{3}, p)
	require.Equal(t, store.NumVariables(), loaded.NumVariables())
	for v := range store.IterVariables() {
		got := loaded.GetVariable(v.Path())
		require.NotNil(t, got, v.Path())
		require.True(t, v.MustValue().Equal(got.MustValue()), v.Path())
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, entries, 1, "no temporary file is left")
}

func TestMissing(t *testing.T) {
	t.Parallel()
	_, err := checkpoint.Load(filepath.Join(t.TempDir(), "none"), &progress{})
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// TestDamage flips single bytes and truncates the file. Load must notice all damage.
func TestDamage(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.safetensors")
	require.NoError(t, checkpoint.Save(path, exampleStore(), progress{3}))
	good, err := os.ReadFile(path)
	require.NoError(t, err)
	random := rand.New(rand.NewPCG(1, 2))
	try := func(data []byte, what string) {
		require.NoError(t, os.WriteFile(path, data, 0o644))
		_, err := checkpoint.Load(path, &progress{})
		require.ErrorContains(t, err, path, what)
		require.NotContains(t, err.Error(), "\n")
	}
	for i := range good {
		bad := append([]byte(nil), good...)
		bad[i] ^= byte(1 + random.IntN(255))
		if harmless(good, i) {
			continue
		}
		try(bad, fmt.Sprintf("byte %d", i))
	}
	for n := range len(good) {
		try(good[:n], fmt.Sprintf("%d of %d bytes", n, len(good)))
	}
	try(append(good[:len(good):len(good)], 0), "a byte too many")
}

// harmless reports whether a byte is part of the padding after the JSON header.
func harmless(file []byte, i int) bool {
	return i >= 8 && file[i] == ' '
}

func TestFolderCannotBeMade(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	err := checkpoint.Save(filepath.Join(file, "x"), exampleStore(), progress{})
	require.ErrorContains(t, err, file)
}
