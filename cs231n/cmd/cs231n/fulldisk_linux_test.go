package main

import (
	"encoding/json"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFullDisk trains on a file system with room for one checkpoint, not for the second that a save
// needs for a moment. The first one stays whole, and with more room the run goes on to the right end.
func TestFullDisk(t *testing.T) {
	slow(t)
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=40m"); err != nil {
		t.Skipf("skipped: a small file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(disk, 0)) })
	args := []string{"train", "gan", "-iters", "4", "-save-every", "2", "-data", digits(t, 256), "-out"}
	alone := t.TempDir()
	program(t, append(args, alone)...).requireDone(t)
	var want, got curve
	require.NoError(t, json.Unmarshal(read(t, alone, "history.json"), &want))

	full := program(t, append(args, disk)...)
	full.requireFault(t, 1, disk, "no space left on device", "an earlier one stays as it was")
	require.NoError(t, json.Unmarshal(read(t, disk, "history.json"), &got))
	require.Equal(t, want.D[:2], got.D)
	require.Equal(t, want.G[:2], got.G)

	require.NoError(t, syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT, "size=100m"))
	program(t, append(args, disk, "-resume")...).requireDone(t, "at iteration 2 of 4")
	require.Equal(t, read(t, alone, "history.json"), read(t, disk, "history.json"))
}
