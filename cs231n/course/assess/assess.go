package assess

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

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
	Why    map[string]string // a line about a missing file, by its path; it may be nil
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
	// MostCPU limits the CPU time of a case. 0 means the probe's own limit.
	MostCPU time.Duration
}

// Args returns the arguments of the program.
func (p Probe) Args() []string {
	if p.MostCPU > 0 {
		return []string{"-cpu", p.MostCPU.String(), p.Cases, p.Results}
	}
	return []string{p.Cases, p.Results}
}

// Run assesses the exercises in the order of the list of exercises. Its error means that they could not be assessed.
func (a Assessment) Run(ctx context.Context) ([]Result, error) {
	scratch, err := os.MkdirTemp("", "cs231n-assess-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	// Without namespaces, the sandbox runs root's programs as another user, who has to pass through this folder.
	if os.Geteuid() == 0 {
		if err := os.Chmod(scratch, 0o711); err != nil {
			return nil, err
		}
	}
	w := &work{Assessment: a, scratch: scratch, all: course.Exercises(), results: map[string]*Result{}, parts: map[string]source.Part{}}
	for _, e := range w.all {
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
	all       []course.Exercise
	exercises []course.Exercise // that are assessed
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
	const most = 12
	switch line = Line(line); {
	case slices.Contains(r.Lines, line):
	case len(r.Lines) == most:
		r.Lines = append(r.Lines, "there are more such lines")
	case len(r.Lines) < most:
		r.Lines = append(r.Lines, line)
	}
}

// read parses the student's files and finds the functions of the exercises.
func (w *work) read() {
	files, problems := source.Files{}, map[string][]string{}
	for _, path := range Files() {
		f, lines := w.parse(path)
		if problems[path] = lines; f != nil {
			files[path] = f
		}
	}
	for _, e := range w.exercises {
		f := files[e.File]
		for _, line := range problems[e.File] {
			w.fail(e.ID, Broken, line)
		}
		if len(problems[e.File]) > 0 {
			continue
		}
		if err := f.Has(e, w.Layout.blank[e.File]); err != nil {
			w.fail(e.ID, Broken, err.Error())
			continue
		}
		if f.IsBlank(e) {
			w.fail(e.ID, Blank, fmt.Sprintf("write %s in %s", e.Func, e.File))
			continue
		}
		p := source.Collect(e, files, w.Layout.blank)
		broken := p.Rules()
		for _, line := range broken {
			w.fail(e.ID, Broken, line)
		}
		if len(broken) == 0 {
			w.parts[e.ID] = p
		}
	}
}

// parse reads a file. The lines say why its exercises cannot be assessed.
func (w *work) parse(path string) (*source.File, []string) {
	text, ok := w.Files[path]
	switch {
	case !ok && w.Why[path] != "":
		return nil, []string{w.Why[path]}
	case !ok:
		return nil, []string{path + " is missing: restore it from the released assignment"}
	}
	f, err := source.Parse(path, text)
	if err != nil {
		return nil, []string{err.Error()}
	}
	return f, f.Rules(w.Layout.blank[path])
}
