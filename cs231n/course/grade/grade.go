package grade

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gomlx/compute"

	"github.com/cs231n-go/assignment3/cs231n/course"
	"github.com/cs231n-go/assignment3/cs231n/course/assess"
	"github.com/cs231n-go/assignment3/cs231n/course/cases"
	"github.com/cs231n-go/assignment3/cs231n/course/intake"
	"github.com/cs231n-go/assignment3/cs231n/course/sandbox"
)

// Grader grades submissions with the hidden cases.
type Grader struct {
	layout *assess.Layout
	cases  []cases.Case
	want   func(cases.Case) ([]cases.Array, error)
	// Unsafe grades on a machine that cannot isolate the students' programs.
	Unsafe bool
}

// New makes a grader from the solved checkout root. The seed chooses the inputs of the hidden cases.
func New(backend compute.Backend, root string, seed uint32) (*Grader, error) {
	layout, err := assess.Open(root)
	if err != nil {
		return nil, err
	}
	if layout.Student() {
		return nil, fmt.Errorf("grade: %s is the student's edition, which has no hidden cases; grade in the solved checkout", root)
	}
	return &Grader{layout: layout, cases: hidden(seed), want: remember(backend)}, nil
}

// remember computes the expected results of each case once.
func remember(backend compute.Backend) func(cases.Case) ([]cases.Array, error) {
	type result struct {
		arrays []cases.Array
		err    error
	}
	var lock sync.Mutex
	known := map[string]result{}
	return func(c cases.Case) ([]cases.Array, error) {
		lock.Lock()
		defer lock.Unlock()
		key := fmt.Sprint(c)
		if _, ok := known[key]; !ok {
			arrays, err := cases.Evaluate(backend, c)
			known[key] = result{arrays, err}
		}
		return known[key].arrays, known[key].err
	}
}

// Report is the outcome of a submission.
type Report struct {
	Name      string
	Results   []assess.Result
	Questions []course.Question // for a person to grade
	Notes     []string          // what is odd about the submission
	Took      time.Duration
}

// Score returns the points of the exercises, those of bonus exercises included.
func (r Report) Score() int {
	sum := 0
	for _, result := range r.Results {
		sum += result.Points()
	}
	return sum
}

// Grade grades a submission, a folder or an archive.
func (g *Grader) Grade(ctx context.Context, name, path string) (Report, error) {
	begun := time.Now()
	wanted := assess.Files()
	for _, n := range course.Notebooks() {
		wanted = append(wanted, n.Path)
	}
	s, err := intake.Open(path, wanted, intake.Limits{})
	if err != nil {
		return Report{}, err
	}
	r, err := g.files(ctx, s.Files, reasons(s))
	for _, line := range s.Problems {
		r.Notes = append(r.Notes, assess.Line(line))
	}
	r.Name, r.Took = name, time.Since(begun)
	return r, err
}

// reasons says why files of the exercises cannot be graded.
func reasons(s intake.Submission) map[string]string {
	why := map[string]string{}
	for _, path := range assess.Files() {
		for _, line := range s.Problems {
			if why[path] == "" && (len(s.Files) == 0 || strings.Contains(line, path)) {
				why[path] = line
			}
		}
	}
	return why
}

// Files grades the files of a submission.
func (g *Grader) Files(ctx context.Context, files map[string][]byte) (Report, error) {
	return g.files(ctx, files, nil)
}

func (g *Grader) files(ctx context.Context, files map[string][]byte, why map[string]string) (Report, error) {
	a := assess.Assessment{Layout: g.layout, Files: files, Why: why, Cases: g.cases, Expected: g.want, Execute: g.execute}
	results, err := a.Run(ctx)
	return Report{Results: results, Questions: course.Questions()}, err
}

// execute runs a probe in a sandbox.
func (g *Grader) execute(ctx context.Context, p assess.Probe) (ended string, results []byte, err error) {
	r, err := sandbox.Run(ctx, sandbox.Command{
		Path: p.Program, Args: p.Args(), Scratch: p.Folder,
		Env:         []string{"CS231N_ROOT=" + p.Root, "GOTRACEBACK=single", "CS231N_XLA_CACHE=off"},
		Read:        []string{filepath.Join(p.Root, ".venv")},
		Limits:      sandbox.Limits{Wall: 5 * time.Minute, CPU: 2 * time.Minute, FileSize: assess.MaxResults},
		AllowUnsafe: g.Unsafe,
	})
	if errors.Is(err, sandbox.ErrNotIsolated) {
		err = fmt.Errorf("%w; --unsafe grades all the same, for submissions that you trust", err)
	}
	if err != nil && os.Geteuid() == 0 && strings.Contains(err.Error(), "permission denied") {
		err = fmt.Errorf("%w: without namespaces the programs of root run as the user nobody, who cannot enter this folder; grade as another user than root", err)
	}
	if err == nil && r.End == sandbox.Canceled {
		err = context.Cause(ctx)
	}
	if err != nil {
		return "", nil, err
	}
	// Without results the reason is in r.
	results, _ = sandbox.ReadFile(p.Folder, filepath.Base(p.Results), assess.MaxResults)
	switch r.End {
	case sandbox.Exited:
		ended = assess.Ended(r.ExitCode, string(r.Output), fmt.Sprint("exit status ", r.ExitCode))
	case sandbox.Signaled:
		ended = assess.Ended(-1, string(r.Output), r.Signal.String())
	default:
		ended = strings.TrimPrefix(r.String(), "the program ")
	}
	return ended, results, nil
}

// All grades one submission or a folder of them, saves the results in a folder of each submission's name below out, and
// calls progress after each. An error of one submission does not end the others.
func (g *Grader) All(ctx context.Context, path, out string, progress func(done, total int, r Report, err error)) error {
	entries, err := batch(path)
	if err != nil {
		return err
	}
	for i, e := range entries {
		if e.Path == "" { // not a submission
			progress(i+1, len(entries), Report{}, errors.New(assess.Line(e.Note)))
			continue
		}
		r, err := g.Grade(ctx, e.Name, e.Path)
		if e.Note != "" {
			r.Notes = append(r.Notes, assess.Line(e.Note))
		}
		if err == nil {
			err = r.Save(filepath.Join(out, e.Name))
		}
		if err != nil {
			err = fmt.Errorf("%s: %w", e.Name, err)
		}
		if ctx.Err() != nil {
			return err
		}
		progress(i+1, len(entries), r, err)
	}
	return nil
}

// batch lists the submissions in path: a file, or a folder with the assignment's files, is one submission.
func batch(path string) ([]intake.Entry, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("grade: %w", err)
	}
	if path, err = filepath.Abs(path); err != nil {
		return nil, err
	}
	if _, err := os.Lstat(filepath.Join(path, "cs231n")); err == nil || !info.IsDir() {
		return []intake.Entry{{Name: intake.Student(filepath.Base(path), info.IsDir()), Path: path}}, nil
	}
	return intake.Batch(path)
}
