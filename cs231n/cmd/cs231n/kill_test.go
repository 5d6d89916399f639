//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/checkpoint"
	"github.com/cs231n-go/assignment3/cs231n/internal/faults"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// TestKills kills runs with a signal that no program hears, at random moments and in the middle of saves, and resumes
// them: after each kill all that was saved is there, and the losses at the end are those of a run that was left alone.
func TestKills(t *testing.T) {
	slow(t)
	t.Parallel()
	// Epochs are five iterations short, so that runs end at all places of an epoch.
	digits := []string{"--data", someDigits(t, 640), "--iters", "40"}
	captions := slices.Clip([]string{"--data", smallCaptions, "--max-train", "50", "--batch", "10", "--wordvec", "16", "--iters", "80"})
	victims := []victim{
		{model: "gan", flags: digits, save: 40 * time.Millisecond},
		{model: "transformer", flags: append(captions, "--layers", "1"), save: 4 * time.Millisecond},
		// These two keep nothing that the others do not.
		{model: "rnn", flags: append(captions, "--hidden", "32"), save: 4 * time.Millisecond},
		{model: "diffusion", flags: []string{"--data", someDigits(t, 640), "--iters", "12", "--channels", "8"}, save: 4 * time.Millisecond},
	}
	for _, v := range victims[:faults.Count(2, len(victims))] {
		t.Run(v.model, func(t *testing.T) {
			if v.model == "gan" {
				v.want = leftAlone(t)
			} else {
				alone := t.TempDir()
				program(t, v.train(alone)...).requireDone(t)
				v.want = read(t, alone, "history.json")
			}
			v.random = faults.Random()
			require.NoError(t, json.Unmarshal(v.want, &v.losses))
			v.suffer(t, faults.Count(2, 70))
		})
	}
}

// leftAlone returns history.json of a GAN that trained for 40 iterations on 640 digits. The program runs once for all tests.
func leftAlone(t *testing.T) []byte {
	t.Helper()
	undisturbed.Lock()
	defer undisturbed.Unlock()
	if undisturbed.history == nil {
		out := t.TempDir()
		program(t, "train", "gan", "--iters", "40", "--data", someDigits(t, 640), "--out", out).requireDone(t)
		undisturbed.history = read(t, out, "history.json")
	}
	return undisturbed.history
}

var undisturbed struct {
	sync.Mutex
	history []byte
}

// victim is a training run that is to be killed.
type victim struct {
	model string
	flags []string
	save  time.Duration // about what one takes

	random *rand.Rand
	want   []byte // history.json of a run that was left alone
	losses losses // what is in it
}

// losses are those of a GAN or of a captioning model.
type losses struct{ D, G, Loss []float64 }

func (v *victim) train(out string) []string {
	return slices.Concat([]string{"train", v.model, "--save-every", "1", "--resume", "--out", out}, v.flags)
}

// suffer starts, kills and resumes runs until so many kills are done and the last run came to its end.
func (v *victim) suffer(t *testing.T, kills int) {
	done, duringSaves, runs := 0, 0, 0
	for ; done < kills; runs++ {
		out := t.TempDir()
		kept := 0
		for finished := false; !finished; {
			before := unfinishedSaves(out)
			if finished = !v.run(t, out, done, kills); finished {
				break
			}
			done++
			if after := unfinishedSaves(out); len(after) > 0 && !slices.Equal(before, after) {
				duringSaves++
			}
			kept = v.requireKept(t, out, kept)
		}
		require.Equal(t, string(v.want), string(read(t, out, "history.json")), "run %d", runs)
		left, err := filepath.Glob(filepath.Join(out, ".*"))
		require.NoError(t, err)
		require.Empty(t, left, "what kills left stays behind")
	}
	faults.Report(t, "kills", "train "+v.model, done, fmt.Sprintf("%d of them during a save, in %d runs", duringSaves, runs))
	require.True(t, duringSaves > 0 || kills < 20, "no kill struck during a save")
}

// run starts or resumes a run and kills it, unless all kills are done. It reports whether the run was killed. Every
// other kill waits for a save and strikes in the middle of it.
func (v *victim) run(t *testing.T, out string, done, kills int) (killed bool) {
	cmd := command(t, v.train(out)...)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	seen := unfinishedSaves(out)
	require.NoError(t, cmd.Start())
	var strike <-chan time.Time
	switch {
	case done == kills: // this run may come to its end
	case done%2 == 0:
		strike = time.After(300*time.Millisecond + time.Duration(v.random.Int64N(int64(3*time.Second))))
	default:
		strike = afterSaveBegan(t, out, seen, 1+v.random.IntN(8), time.Duration(v.random.Int64N(int64(v.save))))
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		require.NoError(t, err, "%s", &output)
		return false
	case <-strike:
		_ = cmd.Process.Kill() // in vain if it has just ended
		<-ended
	}
	if status := cmd.ProcessState; status.Exited() { // the kill came too late
		require.True(t, status.Success(), "%s", &output)
		return false
	}
	return true
}

// requireKept checks what a kill left: a checkpoint with as many iterations as before at least, and both files whole
// and with the right losses. It returns the iterations.
func (v *victim) requireKept(t *testing.T, out string, before int) int {
	t.Helper()
	var got struct {
		training.Progress
		losses
	}
	_, err := checkpoint.Load(training.Folder(out).Checkpoint(), &got)
	if errors.Is(err, fs.ErrNotExist) {
		require.Zero(t, before, "the checkpoint is lost")
		return 0
	}
	require.NoError(t, err)
	require.GreaterOrEqual(t, got.Iteration, before, "iterations are lost")
	v.requireBeginning(t, got.losses)
	if history := filepath.Join(out, "history.json"); before > 0 {
		var old losses
		require.NoError(t, json.Unmarshal(read(t, history), &old))
		v.requireBeginning(t, old)
	}
	return got.Iteration
}

// requireBeginning checks losses of a run that is not at its end.
func (v *victim) requireBeginning(t *testing.T, got losses) {
	t.Helper()
	require.Equal(t, v.losses.D[:len(got.D)], append([]float64(nil), got.D...))
	require.Equal(t, v.losses.G[:len(got.G)], append([]float64(nil), got.G...))
	require.Equal(t, v.losses.Loss[:len(got.Loss)], append([]float64(nil), got.Loss...))
}

// unfinishedSaves lists the temporary files of checkpoints in a folder.
func unfinishedSaves(dir string) []string {
	files, _ := filepath.Glob(filepath.Join(dir, ".checkpoint.safetensors*")) // the pattern is sound
	return files
}

// afterSaveBegan sends some time after the n-th save from now on has begun in dir, where some were seen already.
func afterSaveBegan(t *testing.T, dir string, seen []string, n int, delay time.Duration) <-chan time.Time {
	strike := make(chan time.Time, 1)
	go func() {
		for n > 0 && t.Context().Err() == nil {
			time.Sleep(500 * time.Microsecond)
			for _, file := range unfinishedSaves(dir) {
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
