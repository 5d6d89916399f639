package faults

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// Disk is a file system of its own that can be full.
type Disk struct {
	Dir  string
	fill string // the file that takes its space
}

// NewDisk mounts a file system of so many bytes. The test is skipped where that is not permitted.
func NewDisk(t *testing.T, bytes int) *Disk {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", bytes)); err != nil {
		t.Skipf("skipped: a small file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	return &Disk{Dir: dir, fill: filepath.Join(dir, "fill")}
}

// Free is the space that is left, in bytes.
func (d *Disk) Free(t *testing.T) int {
	t.Helper()
	var s syscall.Statfs_t
	require.NoError(t, syscall.Statfs(d.Dir, &s))
	return int(s.Bavail) * int(s.Bsize)
}

// Leave takes up all space but so many bytes, rounded down to pages.
func (d *Disk) Leave(t *testing.T, bytes int) {
	t.Helper()
	d.Clear(t)
	require.NoError(t, os.WriteFile(d.fill, make([]byte, max(0, d.Free(t)-bytes)), 0o600))
}

// Clear gives the space back.
func (d *Disk) Clear(t *testing.T) {
	t.Helper()
	require.NoError(t, os.RemoveAll(d.fill))
}

// Empty removes all that is on the disk.
func (d *Disk) Empty(t *testing.T) {
	t.Helper()
	entries, err := os.ReadDir(d.Dir)
	require.NoError(t, err)
	for _, entry := range entries {
		require.NoError(t, os.RemoveAll(filepath.Join(d.Dir, entry.Name())))
	}
}

// Exhaust fills the disk to a random degree and lets write write what takes need bytes, until that has failed so many
// times: each error is one line that says why, and kept looks whether what was there before is whole. With the space
// given back, write has to succeed. It reports the count under what.
func (d *Disk) Exhaust(t *testing.T, what string, count, need int, write func() error, kept func()) {
	t.Helper()
	random := Random()
	for full := 0; full < count; {
		d.Leave(t, random.IntN(need))
		if err := write(); err != nil {
			full++
			require.Regexp(t, `\A[^\n]*no space left on device[^\n]*\z`, err)
		}
		d.Clear(t)
		kept()
		require.NoError(t, write())
	}
	Report(t, "full disks", what, count, "")
}
