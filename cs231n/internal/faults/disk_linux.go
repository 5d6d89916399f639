package faults

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// Disk is a small file system for tests with a full disk.
type Disk struct {
	Dir  string // mount point
	fill string // path of the file that fills it
}

// NewDisk mounts a file system of the given size. It skips the test if mounting is not permitted.
func NewDisk(t *testing.T, bytes int) *Disk {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", bytes)); err != nil {
		t.Skipf("cannot mount a file system here: %v", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	return &Disk{Dir: dir, fill: filepath.Join(dir, "fill")}
}

// Free returns the free space in bytes.
func (d *Disk) Free(t *testing.T) int {
	t.Helper()
	var s syscall.Statfs_t
	require.NoError(t, syscall.Statfs(d.Dir, &s))
	return int(s.Bavail) * int(s.Bsize)
}

// Leave fills the disk except for the given number of bytes, rounded down to pages.
func (d *Disk) Leave(t *testing.T, bytes int) {
	t.Helper()
	d.Clear(t)
	require.NoError(t, os.WriteFile(d.fill, make([]byte, max(0, d.Free(t)-bytes)), 0o600))
}

// Clear frees the space that Leave filled.
func (d *Disk) Clear(t *testing.T) {
	t.Helper()
	require.NoError(t, os.RemoveAll(d.fill))
}

// Empty removes all files from the disk.
func (d *Disk) Empty(t *testing.T) {
	t.Helper()
	entries, err := os.ReadDir(d.Dir)
	require.NoError(t, err)
	for _, entry := range entries {
		require.NoError(t, os.RemoveAll(filepath.Join(d.Dir, entry.Name())))
	}
}

// Exhaust repeatedly fills the disk at random and calls write, which needs the given space, until it has failed count times.
// Each error must be one line that names the full disk. After each call, check must find the old files intact, and write must
// succeed once the space is free again. Exhaust reports the count under the name what.
func (d *Disk) Exhaust(t *testing.T, what string, count, need int, write func() error, check func()) {
	t.Helper()
	random := Random()
	for full := 0; full < count; {
		d.Leave(t, random.IntN(need))
		if err := write(); err != nil {
			full++
			require.Regexp(t, `\A[^\n]*no space left on device[^\n]*\z`, err)
		}
		d.Clear(t)
		check()
		require.NoError(t, write())
	}
	Report(t, "full disks", what, count, "")
}
