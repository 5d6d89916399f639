package checkpoint_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/checkpoint"
)

// TestFullDisk saves on a file system without room: the old checkpoint stays, the error says so.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("skipped: a small file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, 0)) })
	path := filepath.Join(dir, "x.safetensors")
	require.NoError(t, checkpoint.Save(path, exampleStore(), progress{3}))

	large := model.NewStore()
	large.VariableWithValue("/large", make([]float32, 1<<20))
	err := checkpoint.Save(path, large, progress{4})
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.ErrorContains(t, err, "an earlier one stays as it was")

	var p progress
	_, err = checkpoint.Load(path, &p)
	require.NoError(t, err)
	require.Equal(t, 3, p.Step)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1, "no temporary file stays behind")
}
