package assess_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/course"
	"github.com/cs231n-go/assignment3/cs231n/course/assess"
)

// results returns the results of exercises that all have the given status, and the lines that go with it.
func results(status assess.Status, which func(course.Exercise) bool, lines ...string) []assess.Result {
	var list []assess.Result
	for _, e := range course.Exercises() {
		if which(e) {
			list = append(list, assess.Result{Exercise: e, Status: status, Lines: lines})
		}
	}
	return list
}

func in(file string) func(course.Exercise) bool {
	return func(e course.Exercise) bool { return e.File == file }
}

func TestTable(t *testing.T) {
	t.Parallel()
	all := append(results(assess.Passed, in("cs231n/rnn/step.go")), results(assess.Broken, in("cs231n/rnn/sequence.go"), "no brace")...)
	all = append(all, results(assess.Blank, in("cs231n/lstm/step.go"), "write StepForward in cs231n/lstm/step.go")...)
	require.Equal(t, `Exercise            Result  Points  File
rnn-step-forward    passed  3/3     cs231n/rnn/step.go
rnn-step-backward   passed  5/5     cs231n/rnn/step.go
rnn-forward         broken  0/4     cs231n/rnn/sequence.go
    no brace
rnn-backward        broken  0/6     cs231n/rnn/sequence.go
    the same
lstm-step-forward   blank   0/4     cs231n/lstm/step.go (bonus)
lstm-step-backward  blank   0/6     cs231n/lstm/step.go (bonus)

2 passed, 0 wrong, 2 broken, 2 blank: 8 of 18 points, 0 of 10 bonus points
Next: correct rnn-forward, then run `+"`make check EXERCISE=rnn-forward`.", assess.Table(all, true))
}

// TestTableNext checks what the last line advises.
func TestTableNext(t *testing.T) {
	t.Parallel()
	required := func(e course.Exercise) bool { return !e.Bonus }
	bonus := func(e course.Exercise) bool { return e.Bonus }
	step := in("cs231n/rnn/step.go")
	for _, c := range []struct {
		results []assess.Result
		want    string
	}{
		{results(assess.Wrong, step), "correct rnn-step-forward, then"},
		{results(assess.Blank, step), "write StepForward in cs231n/rnn/step.go."},
		{results(assess.Blank, bonus), "write StepForward in cs231n/lstm/step.go."},
		{results(assess.Passed, step), "run `make check` for all exercises."},
		{append(results(assess.Blank, bonus), results(assess.Blank, required)...), "write StepForward in cs231n/rnn/step.go."},
		{append(results(assess.Passed, required), results(assess.Blank, bonus)...), "run `make submit`."},
		{append(results(assess.Passed, required), results(assess.Broken, bonus)...), "correct lstm-step-forward,"},
	} {
		require.Contains(t, assess.Table(c.results, true), c.want)
	}
	passed := results(assess.Passed, func(course.Exercise) bool { return true })
	for want, list := range map[string][]assess.Result{
		"then run `cs231n check rnn-step-forward`.": results(assess.Wrong, step),
		"run `cs231n check` for all exercises.":     results(assess.Passed, step),
		"and submit the assignment.":                passed,
	} {
		require.Contains(t, assess.Table(list, false), want)
	}
}

// TestTableFits checks that rows are at most 80 characters wide.
func TestTableFits(t *testing.T) {
	t.Parallel()
	for _, r := range results(assess.Passed, func(course.Exercise) bool { return true }) {
		for line := range strings.Lines(assess.Table([]assess.Result{r}, true)) {
			require.LessOrEqual(t, len(strings.TrimSuffix(line, "\n")), 80, line)
		}
	}
}
