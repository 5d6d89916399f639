//go:build unix

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTwoAtOnce starts a second run in the folder of one that is not over: it is refused, and the first one does not
// notice.
func TestTwoAtOnce(t *testing.T) {
	slow(t)
	t.Parallel()
	out := t.TempDir()
	args := []string{"train", "gan", "--iters", "100000", "--data", someDigits(t, 256), "--out", out}
	first, stderr := startUntil(t, "Iter: 0", args...)
	program(t, args...).requireFault(t, 1, "another program is training in "+out, "wait for it or stop it, or choose another folder")
	program(t, append(args, "--resume")...).requireFault(t, 1, "another program is training in "+out)
	require.NoDirExists(t, filepath.Join(out, "previous"), "the first run was moved aside")
	require.NoError(t, first.Process.Signal(os.Interrupt))
	require.Error(t, first.Wait())
	outcome{status: first.ProcessState.ExitCode(), stderr: stderr.String()}.requireFault(t, 130, "resume to continue")
	require.FileExists(t, filepath.Join(out, "checkpoint.safetensors"))
}
