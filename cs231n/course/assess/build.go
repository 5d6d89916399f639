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
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cs231n-go/assignment3/cs231n/course"
	"github.com/cs231n-go/assignment3/cs231n/course/cases"
	"github.com/cs231n-go/assignment3/cs231n/course/source"
)

// evaluate compiles the functions and evaluates the cases of the given exercises.
func (w *work) evaluate(ctx context.Context, ids []string) error {
	var list []cases.Case
	for _, c := range w.Cases {
		if _, compiles := w.parts[c.Exercise]; compiles && slices.Contains(ids, c.Exercise) {
			list = append(list, c)
		}
	}
	if len(list) == 0 {
		return nil
	}
	program, err := w.build(ctx)
	if err != nil {
		return err
	}
	// Those whose functions turned out not to compile are left out.
	list = slices.DeleteFunc(list, func(c cases.Case) bool { _, compiles := w.parts[c.Exercise]; return !compiles })
	for len(list) > 0 {
		if list, err = w.probe(ctx, program, list); err != nil {
			return err
		}
	}
	return nil
}

// build compiles the probe. A function that does not compile is replaced by the released one.
func (w *work) build(ctx context.Context) (program string, err error) {
	const rounds = 12
	for range rounds {
		w.builds++
		program = filepath.Join(w.scratch, fmt.Sprint("probe", w.builds))
		message, err := w.compile(ctx, program)
		if err != nil || message == "" {
			return program, err
		}
		if err := w.blame(message); err != nil {
			return "", err
		}
	}
	return "", errors.New("assess: the exercises do not compile, and it is not clear which of them is the cause")
}

// compile calls the compiler, which reads the assembled files in place of those on the disk. It returns the compiler's
// messages if the code does not compile.
func (w *work) compile(ctx context.Context, program string) (message string, err error) {
	overlay, err := w.overlay()
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	args := []string{"build", "-overlay", overlay, "-o", program}
	if w.Layout.tags != "" {
		args = append(args, "-tags", w.Layout.tags)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "./cs231n/course/probe")...)
	cmd.Dir = w.Layout.Root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	err = cmd.Run()
	if ctx.Err() != nil {
		return "", fmt.Errorf("assess: compiling took too long: %w", ctx.Err())
	}
	if _, failed := errors.AsType[*exec.ExitError](err); failed && compilerLine.Match(stderr.Bytes()) {
		return stderr.String(), nil
	}
	if errors.Is(err, exec.ErrNotFound) {
		return "", fmt.Errorf("assess: %w: use `make check` or `make grade`, or add .venv/bin to the path", err)
	}
	if err != nil {
		return "", fmt.Errorf("assess: go build: %w: %s", err, strings.TrimSpace(stderr.String()))
	}
	return "", nil
}

// overlay writes the assembled files and the list that go build takes.
func (w *work) overlay() (string, error) {
	replace := map[string]string{}
	for i, path := range Files() {
		var parts []source.Part
		for _, e := range course.Exercises() {
			if p, ok := w.parts[e.ID]; ok && e.File == path {
				parts = append(parts, p)
			}
		}
		text, err := source.Assemble(w.Layout.Root, w.Layout.blank[path], parts)
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

// compilerLine matches a message of the compiler.
var compilerLine = regexp.MustCompile(`(?m)^(\S+\.go):(\d+)(?::\d+)?: (.*)$`)

// blame finds the exercises that the compiler's messages are about, and drops their functions.
func (w *work) blame(message string) error {
	found := false
	for _, m := range compilerLine.FindAllStringSubmatch(message, -1) {
		path, line, text := filepath.ToSlash(m[1]), m[2], m[3]
		number, _ := strconv.Atoi(line)
		for _, id := range w.culprits(path, number) {
			w.fail(id, Broken, fmt.Sprintf("%s:%s: %s", path, line, text))
			delete(w.parts, id)
			found = true
		}
	}
	if !found {
		return fmt.Errorf("assess: the assignment does not compile: %s", strings.TrimSpace(message))
	}
	return nil
}

// culprits lists the exercise whose function is at a line, or else all exercises of the file.
func (w *work) culprits(path string, line int) []string {
	var all []string
	for _, e := range w.exercises {
		p, ok := w.parts[e.ID]
		if !ok || e.File != path {
			continue
		}
		if p.From.At(line, []course.Exercise{e}) != "" {
			return []string{e.ID}
		}
		all = append(all, e.ID)
	}
	return all
}

// probe evaluates cases until one ends the process, and returns those that are left.
func (w *work) probe(ctx context.Context, program string, list []cases.Case) ([]cases.Case, error) {
	folder, err := os.MkdirTemp(w.scratch, "run-")
	if err != nil {
		return nil, err
	}
	p := Probe{Program: program, Folder: folder, Cases: filepath.Join(folder, "cases.json"), Results: filepath.Join(folder, "results.json"), Root: w.Layout.Root}
	text, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(p.Cases, text, 0o644); err != nil {
		return nil, err
	}
	ended, written, err := w.Execute(ctx, p)
	if err != nil {
		return nil, err
	}
	events := parseEvents(written, len(list))
	for _, e := range events {
		if !e.Begins {
			if err := w.judge(list[e.Case], e); err != nil {
				return nil, err
			}
		}
	}
	last := cases.Event{Case: -1}
	if len(events) > 0 {
		last = events[len(events)-1]
	}
	if !last.Begins && last.Case == len(list)-1 {
		return nil, nil
	}
	if last.Case < 0 {
		return nil, fmt.Errorf("assess: the probe evaluated nothing: %s", ended)
	}
	// The process ended in a case, or between two.
	culprit := list[last.Case].Exercise
	w.fail(culprit, Broken, list[last.Case].Name+": "+ended)
	return slices.DeleteFunc(slices.Clone(list[last.Case:]), func(c cases.Case) bool { return c.Exercise == culprit }), nil
}

// parseEvents reads results that untrusted code may have written: it drops everything after the first event that cannot be.
func parseEvents(text []byte, n int) []cases.Event {
	var events []cases.Event
	next, begun := 0, false
	for line := range bytes.Lines(text) {
		var e cases.Event
		if json.Unmarshal(line, &e) != nil || e.Case != next || e.Begins == begun || next >= n {
			break
		}
		if begun = e.Begins; !begun {
			next++
		}
		events = append(events, e)
	}
	return events
}
