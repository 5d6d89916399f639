package grade

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/course"
	"github.com/cs231n-go/assignment3/cs231n/course/assess"
)

// TestOwnPoints grades submissions in which a single exercise is solved: each earns its own points and no others.
func TestOwnPoints(t *testing.T) {
	g := grader(t)
	const sample = "rnn-sample" // it needs others, one of them a bonus
	for _, e := range course.Exercises() {
		if !*full && e.ID != sample || *only != "" && *only != e.ID {
			continue
		}
		files := maps.Clone(g.layout.Blank())
		files[e.File] = alone(t, string(files[e.File]), string(g.layout.Reference()[e.File]), e.Func)
		r, err := g.Files(t.Context(), files)
		require.NoError(t, err)
		require.Equal(t, e.Points, r.Score(), "%s alone:\n%s", e.ID, assess.Table(r.Results, true))
		for _, result := range r.Results {
			if result.Exercise.ID == e.ID {
				require.Equal(t, assess.Passed, result.Status)
				require.Equal(t, len(needs(e.ID)) > 0, result.Repaired, e.ID)
			} else {
				require.Equal(t, assess.Blank, result.Status, "%s with a solution of %s alone", result.Exercise.ID, e.ID)
			}
		}
	}
}

// alone solves one function of a released file. Helpers come from the reference, too.
func alone(t *testing.T, blank, reference, function string) []byte {
	t.Helper()
	present, err := declarations(blank)
	require.NoError(t, err)
	solved, err := declarations(reference)
	require.NoError(t, err)
	lines := strings.Split(reference, "\n")
	var code []string
	for _, d := range solved {
		helper := !slices.ContainsFunc(present, func(p span) bool { return p.name == d.name })
		if d.name == "import" || d.name == function || helper {
			code = append(code, lines[d.first:d.last+1]...)
		}
	}
	text, err := declare(blank, strings.Join(code, "\n"))
	require.NoError(t, err)
	return []byte(text)
}
