package grade

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/course"
	"github.com/cs231n-go/assignment3/cs231n/course/assess"
)

// attack is hostile or broken code in place of a right solution.
type attack struct {
	exercise string
	what     string
	before   string // statements before those of the solution
	more     string // declarations after the others
	imports  string
	text     func(string) string // a change of the file's text
	says     string              // in the lines about the exercise
	harmless bool                // the exercise gets its points
}

// apply changes the file of the exercise.
func (a attack) apply(t *testing.T, files map[string][]byte) {
	t.Helper()
	e := exercise(t, a.exercise)
	text := string(files[e.File])
	if a.before != "" {
		fset := token.NewFileSet()
		tree, err := parser.ParseFile(fset, "", text, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, d := range tree.Decls {
			if d, ok := d.(*ast.FuncDecl); ok && strings.HasSuffix("."+e.Func, "."+d.Name.Name) && (d.Recv != nil) == strings.Contains(e.Func, ".") {
				at := fset.Position(d.Body.Lbrace).Offset + 1
				text = text[:at] + "\n" + a.before + "\n" + text[at:]
			}
		}
	}
	if a.imports != "" {
		text = strings.Replace(text, "import (", "import (\n\t"+a.imports, 1)
	}
	if a.more != "" {
		text += "\n" + a.more + "\n"
	}
	if a.text != nil {
		text = a.text(text)
	}
	require.NotEqual(t, string(files[e.File]), text, a.what)
	files[e.File] = []byte(text)
}

func exercise(t *testing.T, id string) course.Exercise {
	t.Helper()
	for _, e := range course.Exercises() {
		if e.ID == id {
			return e
		}
	}
	t.Fatalf("there is no exercise %s", id)
	return course.Exercise{}
}

// TestHostile grades submissions with attacks on several exercises each. Every attack has its line, and the exercises that
// are not attacked have their points. With -short it leaves out the slow attacks.
func TestHostile(t *testing.T) {
	g := grader(t)
	for _, batch := range []struct {
		name    string
		slow    bool
		attacks []attack
	}{
		{"rules", false, forbidden()}, {"files", true, strange()},
		{"results", true, misleading()}, {"resources", true, greedy()}, {"compiler", true, bombs()},
	} {
		t.Run(batch.name, func(t *testing.T) {
			if batch.slow && !*full {
				t.Skip("make course-test runs it")
			}
			temp := t.TempDir()
			t.Setenv("TMPDIR", temp)
			files := g.layout.Reference()
			for _, a := range batch.attacks {
				a.apply(t, files)
			}
			begun := time.Now()
			r, err := g.Files(t.Context(), files)
			require.NoError(t, err)
			took := time.Since(begun)
			t.Logf("%.0f s", took.Seconds())
			require.Less(t, took, 20*time.Minute) // on a busy machine
			requireFair(t, r, batch.attacks)
			requireClean(t, r)
			requireNothingLeft(t, temp)
		})
	}
}

// requireFair checks the points of all exercises.
func requireFair(t *testing.T, r Report, attacks []attack) {
	t.Helper()
	results := map[string]assess.Result{}
	for _, result := range r.Results {
		results[result.Exercise.ID] = result
	}
	wrong := map[string]bool{}
	for _, a := range attacks {
		result := results[a.exercise]
		lines := strings.Join(result.Lines, "\n")
		t.Logf("%-20s %-45s %-7s %.200s", a.exercise, a.what, result.Status, lines)
		if !a.harmless {
			wrong[a.exercise] = true
			require.Zero(t, result.Points(), "%s: %s", a.exercise, a.what)
		}
		require.Contains(t, lines, a.says, "%s: %s", a.exercise, a.what)
	}
	for _, result := range r.Results {
		if !wrong[result.Exercise.ID] {
			require.Equal(t, result.Exercise.Points, result.Points(), "%s: %v", result.Exercise.ID, result.Lines)
		}
	}
}

// requireClean checks that nothing that a student writes controls the teacher's terminal or page.
func requireClean(t *testing.T, r Report) {
	t.Helper()
	for _, result := range r.Results {
		require.LessOrEqual(t, len(result.Lines), 13, result.Exercise.ID)
		for _, line := range result.Lines {
			require.LessOrEqual(t, len([]rune(line)), 401)
			require.NotContains(t, line, os.TempDir())
			require.False(t, strings.ContainsFunc(line, func(c rune) bool { return !unicode.IsPrint(c) }), "%q", line)
		}
	}
	dir := t.TempDir()
	require.NoError(t, r.Save(dir))
	page, err := os.ReadFile(filepath.Join(dir, "report.html"))
	require.NoError(t, err)
	require.NotContains(t, string(page), "<script")
	require.Less(t, len(page), 100_000)
}

// requireNothingLeft checks that no process and no file of the grader is left, which has its files in temp.
func requireNothingLeft(t *testing.T, temp string) {
	t.Helper()
	left, err := os.ReadDir(temp)
	require.NoError(t, err)
	for _, entry := range left {
		require.False(t, strings.HasPrefix(entry.Name(), "cs231n-"), entry.Name())
	}
	commands, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(t, err)
	for _, file := range commands {
		command, _ := os.ReadFile(file) // the process may be gone
		require.NotContains(t, string(command), temp+"/cs231n-", "%s", bytes.ReplaceAll(command, []byte{0}, []byte{' '}))
	}
}
