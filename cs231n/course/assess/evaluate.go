package assess

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"github.com/cs231n-go/assignment3/cs231n/course/cases"
)

// parallel is how many probes run at the same time.
const parallel = 2

// outcome is what a probe left.
type outcome struct {
	cases   []cases.Case
	ended   string
	written []byte
}

// evaluate compiles the functions and evaluates the cases of the given exercises. Each exercise runs in a separate
// process, so it does not affect the others.
func (w *work) evaluate(ctx context.Context, ids []string) error {
	if len(ids) == 0 || len(w.parts) == 0 {
		return nil
	}
	program, err := w.build(ctx)
	if err != nil {
		return err
	}
	outcomes := make([]outcome, len(ids))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for i, id := range ids {
		if _, compiles := w.parts[id]; !compiles {
			continue
		}
		for _, c := range w.Cases {
			if c.Exercise == id {
				outcomes[i].cases = append(outcomes[i].cases, c)
			}
		}
		group.Go(func() error { return w.probe(ctx, program, &outcomes[i]) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for i := range outcomes {
		if err := w.judgeAll(outcomes[i]); err != nil {
			return err
		}
	}
	return nil
}

// probe evaluates the cases of an exercise.
func (w *work) probe(ctx context.Context, program string, o *outcome) error {
	if len(o.cases) == 0 {
		return nil
	}
	folder, err := os.MkdirTemp(w.scratch, "run-")
	if err != nil {
		return err
	}
	p := Probe{Program: program, Folder: folder, Cases: filepath.Join(folder, "cases.json"), Results: filepath.Join(folder, "results.json"), Root: w.Layout.Root}
	text, err := json.Marshal(o.cases)
	if err != nil {
		return err
	}
	if err := os.WriteFile(p.Cases, text, 0o644); err != nil {
		return err
	}
	o.ended, o.written, err = w.Execute(ctx, p)
	return err
}

// judgeAll compares the results of an exercise.
func (w *work) judgeAll(o outcome) error {
	events := parseEvents(o.written, len(o.cases))
	done := 0
	for _, e := range events {
		if !e.Begins {
			done++
			if err := w.judge(o.cases[e.Case], e); err != nil {
				return err
			}
		}
	}
	switch {
	case done == len(o.cases):
	case len(events) == 0:
		return fmt.Errorf("assess: the probe evaluated nothing: %s", o.ended)
	case events[len(events)-1].Begins:
		w.fail(o.cases[done].Exercise, Broken, o.cases[done].Name+": "+o.ended)
	default:
		w.fail(o.cases[done].Exercise, Broken, "between two cases: "+o.ended)
	}
	return nil
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

// judge compares the results of a case.
func (w *work) judge(c cases.Case, event cases.Event) error {
	if event.Blank != "" {
		w.fail(c.Exercise, Broken, "it calls the function of "+event.Blank+", which is not done yet")
		return nil
	}
	if event.Error != "" {
		line := event.Error
		if event.Where != "" {
			line = event.Where + ": " + line
		}
		w.fail(c.Exercise, Broken, line)
		return nil
	}
	want, err := w.Expected(c)
	if err != nil {
		return fmt.Errorf("assess: the expected results of %s (%s): %w", c.Exercise, c.Name, err)
	}
	lines := cases.Differences(want, event.Arrays)
	if len(lines) == 0 {
		return nil
	}
	if w.Hint != nil {
		if hint := w.Hint(c, event.Arrays); hint != "" {
			lines = append([]string{hint}, lines...)
		}
	}
	const most = 4
	if len(lines) > most {
		lines = append(lines[:most], fmt.Sprintf("further wrong results: %d", len(lines)-most))
	}
	for _, line := range lines {
		w.fail(c.Exercise, Wrong, c.Name+": "+line)
	}
	return nil
}
