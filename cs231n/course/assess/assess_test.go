package assess

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/course"
	"github.com/cs231n-go/assignment3/cs231n/course/cases"
	"github.com/cs231n-go/assignment3/cs231n/course/source"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
)

const root = "../../.."

func TestMain(m *testing.M) {
	os.Exit(m.Run())
}

// run assesses files with the visible cases, and returns the results by exercise.
func run(t *testing.T, files map[string][]byte, only ...string) map[string]Result {
	t.Helper()
	layout, err := Open(root)
	require.NoError(t, err)
	a := Assessment{
		Layout: layout, Files: files, Only: only, Cases: cases.Visible(), Execute: impatient,
		Expected: func(c cases.Case) ([]cases.Array, error) { return cases.Evaluate(testbackend.Get(t), c) },
	}
	list, err := a.Run(t.Context())
	require.NoError(t, err)
	results := map[string]Result{}
	for _, r := range list {
		results[r.Exercise.ID] = r
	}
	return results
}

// impatient runs a probe. It gives the noise, which is not computed by a compiled program, less time than the other exercises.
func impatient(ctx context.Context, p Probe) (string, []byte, error) {
	text, err := os.ReadFile(p.Cases)
	if err != nil {
		return "", nil, err
	}
	if bytes.Contains(text, []byte("gan-noise")) {
		p.MostCPU = 2 * time.Second
	}
	return Direct(ctx, p)
}

func reference(t *testing.T) map[string][]byte {
	t.Helper()
	layout, err := Open(root)
	require.NoError(t, err)
	return layout.Reference()
}

// edit replaces a text that must occur.
func edit(t *testing.T, files map[string][]byte, path, old, new string) {
	t.Helper()
	require.Contains(t, string(files[path]), old)
	files[path] = []byte(strings.Replace(string(files[path]), old, new, 1))
}

// TestExercises checks that the table, the marks and the cases fit together.
func TestExercises(t *testing.T) {
	t.Parallel()
	layout, err := Open(root)
	require.NoError(t, err)
	for _, e := range course.Exercises() {
		require.True(t, layout.blank[e.File].IsBlank(e), "%s has no gap in %s", e.ID, e.File)
		require.False(t, layout.reference[e.File].IsBlank(e), e.ID)
		require.NoError(t, layout.reference[e.File].Has(e, layout.blank[e.File]))
		require.Empty(t, layout.reference[e.File].Rules(layout.blank[e.File]))
		require.Empty(t, source.Collect(e, layout.reference, layout.blank).Rules())
		require.True(t, slices.ContainsFunc(cases.Visible(), func(c cases.Case) bool { return c.Exercise == e.ID }), "%s has no visible case", e.ID)
		for _, id := range course.Needs(e.ID) {
			require.True(t, slices.ContainsFunc(course.Exercises(), func(e course.Exercise) bool { return e.ID == id }), id)
		}
	}
}

// TestFaults has one submission with a different fault in each of several exercises. Each is described, and the other
// exercises keep their points.
func TestFaults(t *testing.T) {
	t.Parallel()
	files := reference(t)
	const step, loss, models, embedding, position = "cs231n/rnn/step.go", "cs231n/gan/loss.go", "cs231n/gan/models.go", "cs231n/temporal/embedding.go", "cs231n/transformer/position.go"
	edit(t, files, step, "da := stepBack", "unused := 1\n\tda := stepBack")                                                                                     // does not compile
	edit(t, files, loss, "return BCELoss(logitsFake, OnesLike(logitsFake))", "return BCELoss(logitsFake, nil)")                                                 // panics
	edit(t, files, models, "noise[i] = v*2 - 1", "noise[i] = v*2 - 1\n\t\tfor len(noise) > 0 {\n\t\t}")                                                         // never ends
	edit(t, files, embedding, "func EmbeddingBackward", "func EmbeddingGradient")                                                                               // renamed
	edit(t, files, position, "func PositionTable(n, e int) [][]float32 {", "func PositionTable(n, e int) [][]float32 {\n\treturn [][]float32{{1}, {2, 3}}[n:]") // index out of range
	delete(files, "cs231n/lstm/step.go")
	edit(t, files, "cs231n/lstm/sequence.go", "return Stack(states, 1), cache", "return Stack(states, 1), cache }}")
	edit(t, files, "cs231n/nn/attention_forward.go", "c := &cache", "_ = Gradient(query)\n\tc := &cache")
	results := run(t, files)
	for id, want := range map[string]string{
		"rnn-step-backward":  "cs231n/rnn/step.go:59: declared and not used: unused",
		"gan-loss-g":         "cs231n/gan/loss.go:3", // the call, not the line in BCELoss
		"gan-noise":          "three samples: it does not come to an end",
		"embedding-backward": "has no function EmbeddingBackward: it was renamed or deleted; restore func EmbeddingBackward(",
		"position-table":     "cs231n/transformer/position.go:19: runtime error: slice bounds out of range",
		"lstm-step-forward":  "cs231n/lstm/step.go is missing",
		"lstm-forward":       "cs231n/lstm/sequence.go:28:34: expected declaration",
		"attention":          "uses Gradient: write the backward pass yourself",
	} {
		require.Equal(t, Broken, results[id].Status, id)
		require.Contains(t, strings.Join(results[id].Lines, "\n"), want, id)
		delete(results, id)
	}
	for _, id := range []string{"rnn-step-forward", "rnn-forward", "rnn-sample", "gan-loss-d", "gan-discriminator", "embedding-forward", "position-encoding", "transformer-scores"} {
		require.Equal(t, Passed, results[id].Status, "%s: %v", id, results[id].Lines)
	}
	require.True(t, results["rnn-backward"].Repaired)
}

// TestOnly assesses one exercise with those that it needs, and reports that one.
func TestOnly(t *testing.T) {
	t.Parallel()
	results := run(t, reference(t), "rnn-step-backward")
	require.Equal(t, []string{"rnn-step-backward"}, slices.Collect(maps.Keys(results)))
	require.Equal(t, Passed, results["rnn-step-backward"].Status)
}

// TestWhere checks that a panic in a function that an exercise calls is reported at the line of the exercise.
func TestWhere(t *testing.T) {
	t.Parallel()
	files := reference(t)
	edit(t, files, "cs231n/rnn/step.go", "nn.Product(prevH, wh)", "nn.Product(wh, prevH)")
	r := run(t, files, "rnn-step-forward")["rnn-step-forward"]
	require.Equal(t, Broken, r.Status)
	require.Regexp(t, `^cs231n/rnn/step.go:\d+: DotGeneral contracting dimensions don't match`, r.Lines[0])
}

// TestNeeds checks that an exercise whose code calls a blank one is told which.
func TestNeeds(t *testing.T) {
	t.Parallel()
	w := &work{results: map[string]*Result{"rnn-forward": {Status: Passed}}}
	event := cases.Event{Error: "exercise rnn-step-forward is not done yet: …", Blank: "rnn-step-forward"}
	require.NoError(t, w.judge(cases.Case{Exercise: "rnn-forward"}, event))
	require.Equal(t, &Result{Status: Broken, Lines: []string{"it calls the function of rnn-step-forward, which is not done yet"}}, w.results["rnn-forward"])
}

// TestAdvise checks that an exercise is not blamed for another one that it calls.
func TestAdvise(t *testing.T) {
	t.Parallel()
	w := &work{results: map[string]*Result{}, parts: map[string]source.Part{"rnn-forward": {}, "rnn-backward": {}}}
	for _, e := range course.Exercises()[:4] {
		w.exercises, w.results[e.ID] = append(w.exercises, e), &Result{Exercise: e, Status: Wrong, Lines: []string{"h is wrong"}}
	}
	w.results["rnn-step-forward"].Status = Passed
	w.results["rnn-step-backward"].Status = Broken
	w.advise()
	require.Equal(t, []string{"h is wrong"}, w.results["rnn-forward"].Lines, "the step is right")
	require.Equal(t, []string{"h is wrong"}, w.results["rnn-step-backward"].Lines, "it does not compile")
	require.Equal(t, []string{"h is wrong", "it calls the function of rnn-step-backward: correct that first"}, w.results["rnn-backward"].Lines)
}

// TestScratch looks at the folder of the probes. If root grades, other users can pass through it, but not list it.
func TestScratch(t *testing.T) {
	layout, err := Open(root)
	require.NoError(t, err)
	a := Assessment{Layout: layout, Files: layout.Reference(), Only: []string{"rnn-step-forward"}, Cases: cases.Visible()}
	stop := errors.New("seen")
	a.Execute = func(_ context.Context, p Probe) (string, []byte, error) {
		info, err := os.Stat(filepath.Dir(p.Folder))
		require.NoError(t, err)
		want := os.FileMode(0o700)
		if os.Geteuid() == 0 {
			want = 0o711
		}
		require.Equal(t, want, info.Mode().Perm())
		return "", nil, stop
	}
	_, err = a.Run(t.Context())
	require.ErrorIs(t, err, stop)
}
