package atomicfile_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/atomicfile"
)

func TestWrite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	require.NoError(t, atomicfile.WriteBytes(path, []byte("old")))
	full := errors.New("disk full")
	for _, fill := range []func(*os.File) error{
		func(file *os.File) error {
			_, err := file.WriteString("half")
			require.NoError(t, err)
			require.Equal(t, dir, filepath.Dir(file.Name()))
			require.Regexp(t, `^\.file\d+$`, filepath.Base(file.Name()))
			return full
		},
	} {
		require.ErrorIs(t, atomicfile.Write(path, fill), full)
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, "old", string(data))
	}
	require.NoError(t, atomicfile.WriteBytes(path, []byte("new")))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "new", string(data))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o644), info.Mode().Perm())
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1, "no temporary file is left")

	require.ErrorIs(t, atomicfile.WriteBytes(filepath.Join(dir, "none", "file"), nil), os.ErrNotExist)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "folder", "below"), 0o755))
	require.Error(t, atomicfile.WriteBytes(filepath.Join(dir, "folder"), nil))
}
