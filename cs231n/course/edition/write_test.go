package edition

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/course/assess"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
)

const solved = "../../.."

// TestWrite makes the student's edition. It compiles, nothing in it gives a solution away, and it scores nothing.
func TestWrite(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs(solved)
	require.NoError(t, err)
	dir := filepath.Join(t.TempDir(), "student")
	require.NoError(t, Write(t.Context(), testbackend.Get(t), root, dir))

	out, err := runGo(t, dir, "build", "./...")
	require.NoError(t, err, "%s", out)

	for _, name := range []string{"README.md", "Makefile", "go.mod", "LICENSE", "kernels/setup.sh", "notebooks/RNN_Captioning.ipynb", "cs231n/rnn/sequence.go", assess.Release + "/cs231n/rnn/sequence.go"} {
		require.FileExists(t, filepath.Join(dir, name))
	}
	secrets := secretLines(t, root)
	require.Greater(t, len(secrets), 200)
	walk(t, dir, func(path, text string) {
		require.NotContains(t, path, "_test.go")
		require.NotContains(t, path, "_plain")
		require.NotContains(t, path, "testdata/golden")
		if !strings.Contains(path, "course/source") { // which documents the marks
			require.NotContains(t, text, "SOLUTION", path)
		}
		for line := range strings.Lines(text) {
			if from, secret := secrets[strings.TrimSpace(line)]; secret {
				t.Errorf("%s has a line of the solution in %s: %s", path, from, line)
			}
		}
	})

	results, err := assess.Check(t.Context(), dir, nil)
	require.NoError(t, err)
	for _, r := range results {
		require.Equal(t, assess.Blank, r.Status, "%s: %v", r.Exercise.ID, r.Lines)
	}
	require.ErrorContains(t, Write(t.Context(), testbackend.Get(t), root, dir), "is not empty; name a new folder")
}

// secretLines returns the lines of all solutions: of the marked regions, and of the optimized forms. Short lines say
// nothing.
func secretLines(t *testing.T, root string) map[string]string {
	t.Helper()
	lines, given := map[string]string{}, map[string]bool{}
	keep := func(path, line string, secret bool) {
		line = strings.TrimSpace(line)
		switch {
		case !secret:
			given[line] = true
		case len(line) >= 30 && !strings.HasPrefix(line, "//"), len(line) >= 60:
			lines[line] = path
		}
	}
	for _, folder := range []string{"cs231n", "notebooks/source"} {
		walk(t, filepath.Join(root, folder), func(path, text string) {
			if strings.HasSuffix(path, "_test.go") || filepath.Ext(path) != ".go" && filepath.Ext(path) != ".md" {
				return
			}
			optimized := strings.HasPrefix(text, "//go:build !plain\n")
			inside := false
			for line := range strings.Lines(text) {
				mark := strings.TrimSpace(line)
				switch {
				case strings.HasPrefix(mark, "// BEGIN SOLUTION"), mark == beginText:
					inside = true
				case mark == endCode, mark == endText:
					inside = false
				default:
					keep(path, line, inside || optimized)
				}
			}
		})
	}
	for line := range given {
		delete(lines, line)
	}
	return lines
}

// walk calls f for each text file.
func walk(t *testing.T, dir string, f func(path, text string)) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		f(path, string(text))
		return err
	}))
}

func runGo(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}
