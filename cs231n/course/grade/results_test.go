package grade

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/course"
	"github.com/cs231n-go/assignment3/cs231n/course/assess"
)

func report() Report {
	r := Report{Name: "ada", Notes: []string{"a note"}, Questions: course.Questions(), Took: 1500 * time.Millisecond}
	for _, e := range course.Exercises() {
		result := assess.Result{Exercise: e, Status: assess.Passed}
		if e.ID == "gan-noise" {
			result.Status, result.Lines = assess.Wrong, []string{"a < b", "second"}
		}
		if e.ID == "lstm-forward" {
			result.Status = assess.Blank
		}
		r.Results = append(r.Results, result)
	}
	return r
}

func TestReportLine(t *testing.T) {
	t.Parallel()
	require.Equal(t, "ada                        85 of 86 points  22 of 26 bonus  a note", report().String())
}

// TestSave checks the files of a report, in a folder that does not exist yet.
func TestSave(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "grades", "ada")
	require.NoError(t, report().Save(dir))
	text, err := os.ReadFile(filepath.Join(dir, "results.json"))
	require.NoError(t, err)
	var saved gradescope
	require.NoError(t, json.Unmarshal(text, &saved))
	require.Equal(t, 107, saved.Score)
	require.InDelta(t, 1.5, saved.ExecutionTime, 1e-9)
	require.Equal(t, "a note", saved.Output)
	require.Len(t, saved.Tests, len(course.Exercises()))
	require.Contains(t, saved.Tests, gradescopeTest{MaxScore: 1, Status: "failed", Name: "gan-noise", Output: "a < b\nsecond", Visibility: "visible"})
	require.Contains(t, saved.Tests, gradescopeTest{Score: 3, MaxScore: 3, Status: "passed", Name: "rnn-step-forward", Visibility: "visible"})
	page, err := os.ReadFile(filepath.Join(dir, "report.html"))
	require.NoError(t, err)
	require.Contains(t, string(page), "<b>85 of 86 points</b> for code, and 22 of 26 bonus points.")
	require.Contains(t, string(page), `<div class="line">a &lt; b</div>`)
}
