package assess

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/cs231n-go/assignment3/cs231n/course"
	"github.com/cs231n-go/assignment3/cs231n/course/cases"
	"github.com/cs231n-go/assignment3/cs231n/course/source"
)

// Status is the outcome of an exercise.
type Status string

const (
	Passed Status = "passed"
	Wrong  Status = "wrong"  // a result is wrong
	Broken Status = "broken" // it does not compile, panics, breaks a rule, or calls a function that is not written
	Blank  Status = "blank"  // not written yet
)

// Result is the outcome of an exercise.
type Result struct {
	Exercise course.Exercise
	Status   Status
	Lines    []string // what is wrong, for the student
	Repaired bool     // it passed with the reference in place of another exercise that it needs
}

// Points returns the points that the exercise earns.
func (r Result) Points() int {
	if r.Status == Passed {
		return r.Exercise.Points
	}
	return 0
}

// Assessment says how to assess a submission.
type Assessment struct {
	Layout *Layout
	Files  map[string][]byte // the student's files by their path; a file may be missing
	Only   []string          // IDs of exercises; nil means all
	Cases  []cases.Case
	// Expected returns the results that a case should have.
	Expected func(cases.Case) ([]cases.Array, error)
	// Hint returns a line about a known mistake with the given results, or "". It may be nil.
	Hint    func(c cases.Case, got []cases.Array) string
	Execute Execute
}

// Execute runs a program that reads the file Cases and writes the file Results. It returns the content of Results, at most
// MaxResults bytes, and says why the program ended if it ended too early, as in "it used more than 4 GB".
type Execute func(ctx context.Context, probe Probe) (ended string, results []byte, err error)

// MaxResults is the size limit of the results of a probe.
const MaxResults = 64 << 20

// Probe is a compiled probe with its files.
type Probe struct {
	Program        string // absolute path
	Folder         string // with the two files, and nothing else
	Cases, Results string // absolute paths
	Root           string // checkout with the XLA plugin
}

// Run assesses the exercises in the order of the list of exercises. Its error means that they could not be assessed.
func (a Assessment) Run(ctx context.Context) ([]Result, error) {
	scratch, err := os.MkdirTemp("", "cs231n-assess-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	w := &work{Assessment: a, scratch: scratch, results: map[string]*Result{}, parts: map[string]source.Part{}}
	for _, e := range course.Exercises() {
		if a.Only == nil || slices.Contains(a.Only, e.ID) || w.needed(e.ID) {
			w.exercises = append(w.exercises, e)
			w.results[e.ID] = &Result{Exercise: e, Status: Passed}
		}
	}
	w.read()
	if err := w.evaluate(ctx, w.open()); err != nil {
		return nil, err
	}
	if a.Layout.Student() {
		w.advise()
	} else if err := w.repair(ctx); err != nil {
		return nil, err
	}
	var results []Result
	for _, e := range w.exercises {
		if a.Only == nil || slices.Contains(a.Only, e.ID) {
			results = append(results, *w.results[e.ID])
		}
	}
	return results, nil
}

// work is an assessment that is being made.
type work struct {
	Assessment
	scratch   string
	exercises []course.Exercise
	results   map[string]*Result
	parts     map[string]source.Part // the functions that compile so far, by exercise
	builds    int
}

// needed reports whether one of the wanted exercises needs another.
func (w *work) needed(id string) bool {
	for _, e := range course.Exercises() {
		if slices.Contains(w.Only, e.ID) && slices.Contains(w.needs(e.ID), id) {
			return true
		}
	}
	return false
}

// needs lists the exercises whose functions the cases of an exercise call.
func (w *work) needs(id string) []string {
	all := course.Needs(id)
	for _, c := range w.Cases {
		if c.Exercise == id {
			all = append(all, c.Needs()...)
		}
	}
	return all
}

// open lists the exercises that have passed so far.
func (w *work) open() []string {
	var ids []string
	for _, e := range w.exercises {
		if w.results[e.ID].Status == Passed {
			ids = append(ids, e.ID)
		}
	}
	return ids
}

// fail records the outcome of an exercise. The first outcome that is not Passed counts, further lines are added.
func (w *work) fail(id string, status Status, line string) {
	r := w.results[id]
	if r == nil {
		return
	}
	if r.Status == Passed {
		r.Status = status
	}
	if !slices.Contains(r.Lines, line) {
		r.Lines = append(r.Lines, line)
	}
}

// read parses the student's files and finds the functions of the exercises.
func (w *work) read() {
	for _, path := range Files() {
		var here []course.Exercise
		for _, e := range w.exercises {
			if e.File == path {
				here = append(here, e)
			}
		}
		text, ok := w.Files[path]
		if !ok {
			text = nil
		}
		f, lines := w.parse(path, text, ok)
		for _, e := range here {
			switch {
			case f == nil || len(lines) > 0:
				for _, line := range lines {
					w.fail(e.ID, Broken, line)
				}
			case f.IsBlank(e):
				w.fail(e.ID, Blank, fmt.Sprintf("write %s in %s", e.Func, e.File))
			default:
				if err := f.Has(e, w.Layout.blank[path]); err != nil {
					w.fail(e.ID, Broken, err.Error())
					continue
				}
				w.parts[e.ID] = source.Part{Exercise: e, From: f}
			}
		}
	}
}

// parse reads a file. The lines say why it cannot be used.
func (w *work) parse(path string, text []byte, present bool) (*source.File, []string) {
	if !present {
		return nil, []string{path + " is missing: restore it from the released assignment"}
	}
	f, err := source.Parse(path, text)
	if err != nil {
		return nil, []string{err.Error()}
	}
	return f, f.Rules(w.Layout.blank[path])
}

// repair evaluates exercises again that failed together with one that they need, with the reference in its place.
func (w *work) repair(ctx context.Context) error {
	first := w.parts
	defer func() { w.parts = first }()
	for _, e := range w.exercises {
		r := w.results[e.ID]
		if _, compiles := first[e.ID]; !compiles || r.Status == Passed {
			continue
		}
		w.parts = map[string]source.Part{}
		for id, p := range first {
			w.parts[id] = p
		}
		replaced := false
		for _, id := range w.needs(e.ID) {
			if need := w.results[id]; need != nil && (need.Status != Passed || need.Repaired) {
				other := need.Exercise
				w.parts[id], replaced = source.Part{Exercise: other, From: w.Layout.reference[other.File]}, true
			}
		}
		if !replaced {
			continue
		}
		before := *r
		*r = Result{Exercise: e, Status: Passed, Repaired: true}
		if err := w.evaluate(ctx, []string{e.ID}); err != nil {
			return err
		}
		if r.Status != Passed {
			*r = before
		}
	}
	return nil
}

// advise adds to exercises that may be right a line with the one to correct first.
func (w *work) advise() {
	for _, e := range w.exercises {
		r := w.results[e.ID]
		if _, compiles := w.parts[e.ID]; !compiles || r.Status == Passed {
			continue
		}
		for _, id := range w.needs(e.ID) {
			if need := w.results[id]; need != nil && (need.Status == Wrong || need.Status == Broken) {
				r.Lines = append(r.Lines, "it calls the function of "+id+": correct that first")
				break
			}
		}
	}
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
