//go:build unix

package main

import (
	"bufio"
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestStops ends a run in every way a run may end before its time, resumes it, and compares the losses of
// all iterations with those of a run that was left alone. Epochs are five iterations short, so that runs
// stop at all places of an epoch.
func TestStops(t *testing.T) {
	slow(t)
	args := []string{"train", "gan", "-iters", "40", "-data", digits(t, 640), "-resume", "-out"}
	alone := t.TempDir()
	program(t, append(args, alone)...).requireDone(t)
	want := read(t, alone, "history.json")

	t.Run("signals", func(t *testing.T) {
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
			o.requireFault(t, 130, "of 40", out, "resume to go on")
			if c.signal == os.Interrupt { // the other one has to compile first
				require.Less(t, took, 2*time.Second)
			}
			require.FileExists(t, filepath.Join(out, "checkpoint.safetensors"))
		}
		program(t, resume...).requireDone(t, "Resuming", "gan: 40 iterations done")
		require.Equal(t, string(want), string(read(t, out, "history.json")))
	})
	t.Run("kill", func(t *testing.T) {
		testKill(t, want, slices.Concat(args[:len(args)-1], []string{"-save-every", "1", "-out"}))
	})
}

// TestSecondInterrupt ends a program that is busy with its first, long step.
func TestSecondInterrupt(t *testing.T) {
	slow(t)
	cmd, stderr := startUntil(t, "Nothing to resume", "train", "dcgan", "-iters", "3", "-data", digits(t, 128), "-out", t.TempDir(), "-resume")
	began := time.Now()
	for range 2 {
		require.NoError(t, cmd.Process.Signal(os.Interrupt))
		time.Sleep(100 * time.Millisecond)
	}
	require.Error(t, cmd.Wait())
	require.Less(t, time.Since(began), time.Second)
	require.Equal(t, syscall.SIGINT, cmd.ProcessState.Sys().(syscall.WaitStatus).Signal(), "%s", stderr)
}

// startUntil starts the real program and returns when it has logged a line that begins with prefix.
func startUntil(t *testing.T, prefix string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	cmd := command(t, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // in vain unless the test has failed
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), prefix) {
			return cmd, &stderr
		}
	}
	err = cmd.Wait()
	require.Failf(t, "the program ended too early", "no line %q: %v, %s", prefix, err, &stderr)
	return nil, nil
}

// testKill kills and resumes runs, as often as CS231N_KILLS says, and compares each run's losses at its end.
// Every other kill waits for a save and strikes in the middle of it.
func testKill(t *testing.T, want []byte, args []string) {
	kills := 4
	if text := os.Getenv("CS231N_KILLS"); text != "" {
		n, err := strconv.Atoi(text)
		require.NoError(t, err, "CS231N_KILLS")
		kills = n
	}
	random := rand.New(rand.NewPCG(231, 0))
	runs, duringSaves := 0, 0
	for done := 0; done < kills; runs++ {
		out := t.TempDir()
		for finished := false; !finished; {
			cmd := command(t, append(args, out)...)
			var output bytes.Buffer
			cmd.Stdout, cmd.Stderr = &output, &output
			before := unfinishedSaves(t, out)
			require.NoError(t, cmd.Start())
			var strike <-chan time.Time
			switch {
			case done == kills: // this run may come to its end
			case done%2 == 0:
				strike = time.After(500*time.Millisecond + time.Duration(random.Int64N(int64(3500*time.Millisecond))))
			default:
				strike = afterSaveBegan(t, out, 1+random.IntN(8), time.Duration(random.Int64N(int64(40*time.Millisecond))))
			}
			ended := make(chan error, 1)
			go func() { ended <- cmd.Wait() }()
			select {
			case err := <-ended:
				require.NoError(t, err, "%s", &output)
				finished = true
				continue
			case <-strike:
				require.NoError(t, cmd.Process.Kill())
				<-ended
			}
			if status := cmd.ProcessState; status.Exited() { // the kill came too late
				require.True(t, status.Success(), "%s", &output)
				finished = true
				continue
			}
			done++
			if after := unfinishedSaves(t, out); len(after) > 0 && !slices.Equal(before, after) {
				duringSaves++
			}
		}
		require.Equal(t, string(want), string(read(t, out, "history.json")), "run %d", runs)
	}
	t.Logf("%d kills, %d of them during a save, in %d runs", kills, duringSaves, runs)
	require.True(t, duringSaves > 0 || kills < 20, "no kill struck during a save")
}

// unfinishedSaves lists the temporary files of checkpoints in a folder.
func unfinishedSaves(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, ".checkpoint.safetensors*"))
	require.NoError(t, err)
	return files
}

// afterSaveBegan sends some time after the n-th save from now on has begun in dir.
func afterSaveBegan(t *testing.T, dir string, n int, delay time.Duration) <-chan time.Time {
	strike := make(chan time.Time, 1)
	seen := unfinishedSaves(t, dir)
	go func() {
		for n > 0 && t.Context().Err() == nil {
			time.Sleep(2 * time.Millisecond)
			files, _ := filepath.Glob(filepath.Join(dir, ".checkpoint.safetensors*"))
			for _, file := range files {
				if !slices.Contains(seen, file) {
					seen = append(seen, file)
					n--
				}
			}
		}
		time.Sleep(delay)
		strike <- time.Now()
	}()
	return strike
}
