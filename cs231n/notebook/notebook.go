// Package notebook connects GoNB notebooks to the library. It holds the code that a program would have in main. GoNB
// compiles and runs each cell as a separate process, so state that later cells need is saved to files.
package notebook

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/gomlx/compute"

	"github.com/cs231n-go/assignment3/cs231n/device"
	"github.com/cs231n-go/assignment3/cs231n/display"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// Check prints a non-nil error on one line and ends the cell as failed. If the error is that you interrupted a training run
// that was saved, the cell succeeds instead and prints how to resume.
func Check(err error) {
	if err == nil {
		return
	}
	if stopped, ok := errors.AsType[*training.Stopped](err); ok && stopped.Folder != "" {
		fmt.Printf("Training stopped after iteration %d of %d and is saved in %s. Run this cell again to resume.\n", stopped.Iteration, stopped.Total, stopped.Folder)
		os.Exit(0)
	}
	text := strings.ReplaceAll(err.Error(), "\n", "; ")
	if errors.Is(err, context.Canceled) {
		text += " (run this cell again to resume)"
	}
	fmt.Fprintln(os.Stderr, "error:", text)
	os.Exit(1)
}

// Must returns the value, or ends the cell as [Check] does.
func Must[T any](value T, err error) T {
	Check(err)
	return value
}

// Torch opens the notebook's PyTorch random stream. It continues from cell to cell, as PyTorch's global generator does, and
// ends with the kernel.
func Torch() *rng.Torch {
	return Must(rng.OpenTorch(kernelFile("torch.rng")))
}

// CUDA opens the notebook's stream of PyTorch's generator on Colab's GPU, kept like [Torch].
func CUDA() *rng.CUDA {
	return Must(rng.OpenCUDA(kernelFile("cuda.rng")))
}

// NumPy opens the notebook's NumPy random stream, the counterpart of numpy.random, kept like [Torch].
func NumPy() *rng.NumPy {
	return Must(rng.OpenNumPy(kernelFile("numpy.rng")))
}

// Seed seeds the streams [Torch] and [CUDA], as torch.manual_seed does.
func Seed(seed uint64) {
	torch, cuda := Torch(), CUDA()
	torch.Seed(seed)
	cuda.Seed(seed)
	Check(errors.Join(torch.Err(), cuda.Err()))
}

// kernelFile returns the path of a file in the folder that GoNB creates for a kernel and removes when the kernel ends.
func kernelFile(name string) string {
	dir := os.Getenv("GONB_TMP_DIR")
	if dir == "" {
		Check(fmt.Errorf("notebook: %s has no folder: GONB_TMP_DIR is not set, so this program is not a cell of a GoNB notebook; use rng.NewTorch, rng.NewCUDA or rng.NewNumPy instead", name))
	}
	return filepath.Join(dir, name)
}

// Backend returns the machine's best device; see package device. The first call opens it, and later calls in the cell return
// the same one, since an array cannot move from one backend to another.
func Backend() compute.Backend { return Must(open()) }

var open = sync.OnceValues(func() (compute.Backend, error) { return device.Open(device.Warn(os.Stderr)) })

// Quick reports whether the environment sets CS231N_QUICK=1: every cell runs, but trains only for a moment.
func Quick() bool {
	return os.Getenv("CS231N_QUICK") == "1"
}

// Setting returns a number of the notebook, 0 or more. It is the environment variable CS231N_<name> if that is set, else
// quick if [Quick] is true, else full.
func Setting(name string, full, quick int) int {
	key := "CS231N_" + name
	if text := os.Getenv(key); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			Check(fmt.Errorf("notebook: the environment variable %s is %q, which is not a whole number of 0 or more; change or unset it", key, text))
		}
		return n
	}
	if Quick() {
		return quick
	}
	return full
}

// OutDir returns the folder in which a training run of this notebook is saved: out/<name> beside the notebook, or
// <name> in the folder CS231N_OUT if that is set.
func OutDir(name string) training.Folder {
	base := os.Getenv("CS231N_OUT")
	if base == "" {
		base = "out"
	}
	return training.Folder(filepath.Join(base, name))
}

// Train trains a model and shows it in the notebook: a progress line, and a log line and samples every o.LogEvery
// iterations. The run is saved in OutDir(name). Interrupting the kernel stops it after the current steps, and
// running the cell again resumes it. A finished run starts again from the beginning. A damaged one ends the cell with an error.
func Train(name string, t training.Trainable, o training.Options) *training.Result {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	task := Must(t.Task())
	o.Folder = OutDir(name)
	o.Resume = Must(o.Folder.Interrupted())
	o.Log = os.Stdout
	progress := display.NewProgress(nil, task.Losses...)
	progress.Announce("compiling the training step")
	o.OnStep = progress.Step
	o.OnSamples = func(_ int, images [][]float32) error { return display.ShowImages(images) }
	result, err := training.Run(ctx, Backend(), task, o)
	return Must(result, errors.Join(err, progress.Done()))
}

// TrainOnce returns the saved run if it is finished and has the same number of iterations. Otherwise it calls [Train].
func TrainOnce(name string, t training.Trainable, o training.Options) *training.Result {
	task := Must(t.Task())
	total := Must(task.Iterations(o))
	_, run, err := OutDir(name).Open(task.Losses, task.Model)
	if err == nil && run.Iteration == run.Total && run.Total == total {
		fmt.Printf("%s: already trained for %d iterations\n", task.Model, run.Iteration)
		return run
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		Check(err)
	}
	return Train(name, task, o)
}

// ShowLosses draws the losses of runs, each smoothed over the given number of iterations; 0 means no smoothing.
func ShowLosses(title string, smooth int, runs ...*training.Result) {
	var series []display.Series
	for _, run := range runs {
		for i, name := range run.Names {
			if len(run.Names) == 1 {
				name = run.Model
			}
			series = append(series, display.Series{Name: name, Y: run.Losses[i]})
		}
	}
	Check(display.Curve{Title: title, XLabel: "iteration", YLabel: "loss", Smooth: smooth, Series: series}.Show())
}
