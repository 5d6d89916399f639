//go:build unix

package lock_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/lock"
)

// TestFile locks a file and a folder twice, as two programs would, since every open descriptor has its own lock.
func TestFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	for _, path := range []string{dir, file} {
		first, err := os.Open(path)
		require.NoError(t, err)
		defer first.Close()
		second, err := os.Open(path)
		require.NoError(t, err)
		defer second.Close()
		require.NoError(t, lock.File(first))
		require.ErrorIs(t, lock.File(second), lock.ErrHeld)
		lock.Unlock(first)
		require.NoError(t, lock.File(second))
	}
}

// TestClosed locks a closed file: that is an error, and not the lock of another program.
func TestClosed(t *testing.T) {
	t.Parallel()
	file, err := os.Open(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, file.Close())
	err = lock.File(file)
	require.ErrorContains(t, err, "closed file")
	require.NotErrorIs(t, err, lock.ErrHeld)
}
