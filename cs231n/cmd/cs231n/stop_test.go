//go:build unix

package main

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// prompt is how long a program may take to end after a signal. It needs a fraction of a second; a machine that is busy
// with other things needs more. That it does not finish its work first, the exit status or the signal that ended it shows.
const prompt = 10 * time.Second

// TestSignals stops a run as a person and as a system do, resumes it, and compares the losses of all iterations with
// those of a run that was left alone. Epochs are five iterations short, so that runs stop at all places of an epoch.
func TestSignals(t *testing.T) {
	slow(t)
	args := []string{"train", "gan", "--iters", "40", "--data", someDigits(t, 640), "--resume", "--out"}
	want := leftAlone(t)

	out := t.TempDir()
	resume := append(slices.Clone(args), out)
	for _, c := range []struct {
		after  string // the log line that is waited for
		signal os.Signal
	}{
		{after: "Iter: 0", signal: os.Interrupt},
		{after: "Resuming", signal: syscall.SIGTERM},
	} {
		cmd, stderr := startUntil(t, c.after, resume...)
		began := time.Now()
		require.NoError(t, cmd.Process.Signal(c.signal))
		require.Error(t, cmd.Wait())
		took := time.Since(began)
		o := outcome{status: cmd.ProcessState.ExitCode(), stderr: stderr.String()}
		o.requireFault(t, 130, "of 40", out, "resume to continue")
		if c.signal == os.Interrupt { // the other one has to compile first
			require.Less(t, took, prompt)
		}
		require.FileExists(t, filepath.Join(out, "checkpoint.safetensors"))
	}
	program(t, resume...).requireDone(t, "Resuming", "gan: 40 iterations done")
	require.Equal(t, string(want), string(read(t, out, "history.json")))
}

// TestSecondInterrupt ends a program that is busy with its first, long step.
func TestSecondInterrupt(t *testing.T) {
	slow(t)
	cmd, stderr := startUntil(t, "Nothing to resume", "train", "dcgan", "--iters", "3", "--data", someDigits(t, 128), "--out", t.TempDir(), "--resume")
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	began := time.Now()
	for running := true; running; { // a busy machine can make one signal of two
		_ = cmd.Process.Signal(os.Interrupt) // in vain where the program has just ended
		select {
		case err := <-ended:
			require.Error(t, err)
			running = false
		case <-time.After(100 * time.Millisecond):
		}
	}
	require.Less(t, time.Since(began), prompt)
	require.Equal(t, syscall.SIGINT, cmd.ProcessState.Sys().(syscall.WaitStatus).Signal(), "%s", stderr)
}

// TestInterruptedSample ends a program that has nothing to keep, however long the work at hand would take.
func TestInterruptedSample(t *testing.T) {
	slow(t)
	t.Parallel()
	cmd := command(t, "sample", "transformer", "--dropout", "--data", smallCaptions, "--checkpoint", earlierRun(t, "transformer"))
	require.NoError(t, cmd.Start())
	time.Sleep(time.Second) // it compiles a program for each word, which takes half a minute
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	began := time.Now()
	require.Error(t, cmd.Wait())
	require.Less(t, time.Since(began), prompt)
	require.Equal(t, syscall.SIGINT, cmd.ProcessState.Sys().(syscall.WaitStatus).Signal())
}

// TestFatalTrace ends a program in a way that it cannot catch: Go's runtime leaves the trace in a file.
func TestFatalTrace(t *testing.T) {
	slow(t)
	t.Parallel()
	cache := t.TempDir()
	cmd := command(t, "train", "gan", "--iters", "100000", "--data", someDigits(t, 256), "--out", t.TempDir())
	cmd.Env = append(cmd.Environ(), "XDG_CACHE_HOME="+cache)
	untilLogged(t, cmd, "Iter: 0")
	require.NoError(t, cmd.Process.Signal(syscall.SIGQUIT))
	require.Error(t, cmd.Wait())
	path := filepath.Join(cache, "cs231n", "crash.txt")
	require.Contains(t, string(read(t, path)), "SIGQUIT: quit\n")
	require.Contains(t, string(read(t, path)), "goroutine ")
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())
}

// startUntil starts the real program and returns when it has logged a line that begins with prefix.
func startUntil(t *testing.T, prefix string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	cmd := command(t, args...)
	return cmd, untilLogged(t, cmd, prefix)
}

// untilLogged starts a program and returns when it has logged a line that begins with prefix. It returns the standard error.
func untilLogged(t *testing.T, cmd *exec.Cmd, prefix string) *bytes.Buffer {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // in vain unless the test has failed
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), prefix) {
			return &stderr
		}
	}
	err = cmd.Wait()
	require.Failf(t, "the program ended too early", "no line %q: %v, %s", prefix, err, &stderr)
	return nil
}
