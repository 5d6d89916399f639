package coco

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestForbidden reads a file without permission, also where the tests run as root: Linux checks permissions by thread.
func TestForbidden(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS("testdata/tiny")))
	path := filepath.Join(dir, captionsFile)
	require.NoError(t, os.Chmod(path, 0))
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // without the counterpart, so that the thread ends with the goroutine
		if os.Geteuid() == 0 {
			_, _, _ = syscall.RawSyscall(syscall.SYS_SETFSUID, 65534, 0, 0)
		}
		done <- openHDF5(path, nil)
	}()
	err := <-done
	require.ErrorIs(t, err, os.ErrPermission)
	require.ErrorContains(t, err, path+": permission denied; check that it is a file that you may read")
}
