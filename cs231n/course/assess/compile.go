package assess

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/cs231n-go/assignment3/cs231n/course/source"
)

// Limits of the compiler, which students can make slow and big. A package of the assignment takes a few seconds and less
// than 1 GB. CPU time and memory are those of one process; the go command starts one for each package.
const (
	compileWall   = 10 * time.Minute // the first time on a busy machine
	compileCPU    = 60               // seconds
	compileMemory = 3 << 30
	compileFile   = 512 << 20
)

// failure is code that does not compile: the output of go build.
type failure string

// compile compiles the probe with the given parts. The compiler reads the assembled files in place of those on the disk.
func (w *work) compile(ctx context.Context, parts map[string]source.Part) (program string, failed failure, err error) {
	w.builds++
	program = filepath.Join(w.scratch, fmt.Sprint("probe", w.builds))
	overlay, err := w.overlay(parts)
	if err != nil {
		return "", "", err
	}
	limited, cancel := context.WithTimeout(ctx, compileWall)
	defer cancel()
	args := []string{"build", "-mod=readonly", "-overlay", overlay, "-o", program}
	if w.Layout.tags != "" {
		args = append(args, "-tags", w.Layout.tags)
	}
	cmd := exec.CommandContext(limited, "go", append(args, "./cs231n/course/probe")...)
	cmd.Dir = w.Layout.Root
	cmd.Env = append(os.Environ(), "GOTOOLCHAIN=local", "GOPROXY=off", "GOWORK=off")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the go command does not end the compilers that it started
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 10 * time.Second
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); errors.Is(err, exec.ErrNotFound) {
		return "", "", fmt.Errorf("assess: %w: use `make check` or `make grade`, or add .venv/bin to the path", err)
	} else if err != nil {
		return "", "", fmt.Errorf("assess: %w", err)
	}
	limitErr := limit(cmd.Process.Pid, compileCPU, compileMemory, compileFile)
	err = errors.Join(cmd.Wait(), limitErr)
	_, exited := errors.AsType[*exec.ExitError](err)
	switch {
	case err == nil:
		return program, "", nil
	case ctx.Err() != nil:
		return "", "", ctx.Err()
	case limited.Err() != nil:
		return "", failure(fmt.Sprintf("compiling takes longer than %v\n", compileWall)), nil
	case !exited || limitErr != nil:
		return "", "", fmt.Errorf("assess: go build: %w", err)
	}
	return "", failure(output.String()), nil
}

// overlay writes the assembled files and the list that go build takes.
func (w *work) overlay(parts map[string]source.Part) (string, error) {
	replace := map[string]string{}
	for i, path := range Files() {
		var list []source.Part
		for _, e := range w.all {
			if p, ok := parts[e.ID]; ok && filepath.Dir(e.File) == filepath.Dir(path) {
				list = append(list, p)
			}
		}
		text, err := source.Assemble(w.Layout.Root, w.Layout.blank[path], list)
		if err != nil {
			return "", err
		}
		file := filepath.Join(w.scratch, fmt.Sprintf("%d-%d.go", w.builds, i))
		if err := os.WriteFile(file, text, 0o600); err != nil {
			return "", err
		}
		replace[w.Layout.actual[path]] = file
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	file := filepath.Join(w.scratch, "overlay.json")
	return file, os.WriteFile(file, list, 0o600)
}

// words says in one line why code does not compile, where no message has a position.
func (f failure) words() string {
	text := string(f)
	switch {
	case strings.Contains(text, "signal: killed"):
		return fmt.Sprintf("the compiler needs more than %d s for it", compileCPU)
	case strings.Contains(text, "out of memory"), strings.Contains(text, "cannot allocate memory"):
		return fmt.Sprintf("the compiler needs more than %d GB for it", compileMemory>>30)
	case strings.Contains(text, "file too large"), strings.Contains(text, "too much data"):
		return fmt.Sprintf("it makes the program larger than %d MB", compileFile>>20)
	case strings.Contains(text, "stack overflow"), strings.Contains(text, "stack exceeds"):
		return "the compiler cannot compile it: it is too complicated"
	}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			return line
		}
	}
	return "it does not compile"
}
