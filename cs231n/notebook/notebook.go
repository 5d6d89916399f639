// Package notebook is the glue between GoNB notebooks and the library: what a cell needs and a program
// would do in main. Every cell is compiled and run as a process of its own, so what has to live from
// one cell to the next is kept in files.
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

// Check ends the cell with the error's text where there is an error. The cell then counts as failed, unless the error
// is that training was interrupted: that was asked for, and a line says how to go on.
func Check(err error) {
	if err == nil {
		return
	}
	if stopped, ok := errors.AsType[*training.Stopped](err); ok && stopped.Folder != "" {
		fmt.Printf("Training stopped after iteration %d of %d and is kept in %s. Run this cell again to go on.\n", stopped.Iteration, stopped.Total, stopped.Folder)
		os.Exit(0)
	}
	text := strings.ReplaceAll(err.Error(), "\n", "; ")
	if errors.Is(err, context.Canceled) {
		text += " (run this cell again to go on)"
	}
	fmt.Fprintln(os.Stderr, "error:", text)
	os.Exit(1)
}

// Must returns the value, or ends the cell as [Check] does.
func Must[T any](value T, err error) T {
	Check(err)
	return value
}

// Torch opens the notebook's PyTorch random stream, which goes on in every cell where the last one
// left it, as PyTorch's global generator does. It lives as long as the kernel.
func Torch() *rng.Torch {
	return Must(rng.OpenTorch(kernelFile("torch.rng")))
}

// CUDA opens the notebook's stream of PyTorch's generator on Colab's GPU, kept like [Torch].
func CUDA() *rng.CUDA {
	return Must(rng.OpenCUDA(kernelFile("cuda.rng")))
}

// NumPy opens the notebook's NumPy random stream, kept like [Torch]: it stands for numpy.random.
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

// kernelFile names a file in the folder that GoNB makes for a kernel and removes with it.
func kernelFile(name string) string {
	dir := os.Getenv("GONB_TMP_DIR")
	if dir == "" {
		Check(fmt.Errorf("notebook: %s has no place: GONB_TMP_DIR is not set, so this is no cell of a GoNB notebook; use rng.NewTorch or rng.NewCUDA in a program", name))
	}
	return filepath.Join(dir, name)
}

// Backend is the machine's best device; see package device. It is opened at the first call, and lives as long
// as the cell: an array that one backend has seen cannot be given to another.
func Backend() compute.Backend { return Must(open()) }

var open = sync.OnceValues(func() (compute.Backend, error) { return device.Open(device.Warn(os.Stderr)) })

// Quick reports whether the environment asks for the quick setting, CS231N_QUICK=1: every cell runs,
// but trains only for a moment.
func Quick() bool {
	return os.Getenv("CS231N_QUICK") == "1"
}

// Setting is a number of the notebook, from 0 on, that the environment can change: CS231N_<name> where it is set,
// else quick in the quick setting, else full.
func Setting(name string, full, quick int) int {
	key := "CS231N_" + name
	if text := os.Getenv(key); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			Check(fmt.Errorf("notebook: the environment variable %s is %q, which is not a whole number from 0 on; change or unset it", key, text))
		}
		return n
	}
	if Quick() {
		return quick
	}
	return full
}

// OutDir is the folder where a training run of this notebook is kept: out/<name> beside the notebook,
// or below CS231N_OUT where that is set.
func OutDir(name string) training.Folder {
	base := os.Getenv("CS231N_OUT")
	if base == "" {
		base = "out"
	}
	return training.Folder(filepath.Join(base, name))
}

// Train trains a model and shows it in the notebook: a progress line, and a log line and samples every o.LogEvery
// iterations. The run is kept in [OutDir] under the name. Interrupting the kernel stops it after the current steps, and
// running the cell again resumes it. A finished run starts anew. A damaged one ends the cell with an error.
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

// TrainOnce is [Train], unless the folder has a finished run of as many iterations. It returns that run then.
func TrainOnce(name string, t training.Trainable, o training.Options) *training.Result {
	task := Must(t.Task())
	total := Must(task.Iterations(o))
	_, run, err := OutDir(name).Open(task.Losses, task.Model)
	if err == nil && run.Iteration == run.Total && run.Total == total {
		fmt.Printf("%s: %d iterations, done before\n", task.Model, run.Iteration)
		return run
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		Check(err)
	}
	return Train(name, task, o)
}

// ShowLosses draws the losses of runs, each smoothed over some iterations; 0 does not smooth.
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
