package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/checkpoint"
	"github.com/cs231n-go/assignment3/cs231n/internal/faults"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// TestFullDisk trains on a disk that has less room than the run's files take together, or than two checkpoints take for
// the moment of a save. What was saved before stays whole, and with more room the run goes on to the same losses as
// one that always had room.
func TestFullDisk(t *testing.T) {
	slow(t)
	t.Parallel()
	cases := []struct {
		model string
		flags []string
		need  int // bytes of two checkpoints and what is beside them
	}{
		{"gan", []string{"--data", someDigits(t, 256), "--iters", "4", "--save-every", "1"}, 48_000_000},
		{"rnn", []string{"--data", smallCaptions, "--max-train", "50", "--batch", "10", "--hidden", "64", "--wordvec", "32", "--iters", "4", "--save-every", "1"}, 1_000_000},
	}
	for _, c := range cases[:faults.Count(1, 2)] { // a GAN saves more kinds of files
		t.Run(c.model, func(t *testing.T) {
			train := func(out string) outcome {
				return program(t, slices.Concat([]string{"train", c.model, "--resume", "--out", out}, c.flags)...)
			}
			alone := t.TempDir()
			train(alone).requireDone(t)
			disk := faults.NewDisk(t, 2*c.need)
			random := faults.Random()
			count := faults.Count(1, 8)
			for full, run := 0, 0; full < count; run++ {
				out := filepath.Join(disk.Dir, fmt.Sprint(run))
				disk.Leave(t, random.IntN(c.need))
				if o := train(out); o.status != 0 {
					full++
					o.requireFault(t, 1, disk.Dir, "no space left on device")
				}
				disk.Clear(t)
				requireWhole(t, out)
				train(out).requireDone(t)
				require.Equal(t, read(t, alone, "history.json"), read(t, out, "history.json"))
				disk.Empty(t)
			}
			faults.Report(t, "full disks", "train "+c.model, count, "")
		})
	}
}

// TestFullOutput prints results to where there is no room for them.
func TestFullOutput(t *testing.T) {
	slow(t)
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	require.NoError(t, err)
	defer full.Close()
	use := []string{"rnn", "--data", smallCaptions, "--checkpoint", earlierRun(t, "rnn")}
	for _, args := range [][]string{append([]string{"sample"}, use...), append([]string{"eval"}, use...), {"doctor"}} {
		cmd := command(t, args...)
		var stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = full, &stderr
		require.Error(t, cmd.Run(), "%q", args)
		outcome{status: cmd.ProcessState.ExitCode(), stderr: stderr.String()}.requireFault(t, 1, "no space left on device")
	}
}

// requireWhole checks that a folder's run, if it holds one, can be loaded, with a loss for each iteration.
func requireWhole(t *testing.T, out string) {
	t.Helper()
	if len(globbed(t, out, "checkpoint.safetensors")) == 0 {
		return
	}
	var state struct {
		training.Progress
		losses
	}
	_, err := checkpoint.Load(training.Folder(out).Checkpoint(), &state)
	require.NoError(t, err)
	require.Len(t, slices.Concat(state.D, state.Loss), state.Iteration)
	if len(globbed(t, out, "history.json")) > 0 {
		require.NoError(t, json.Unmarshal(read(t, out, "history.json"), &losses{}))
	}
}

func globbed(t *testing.T, parts ...string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(parts...))
	require.NoError(t, err)
	return files
}
