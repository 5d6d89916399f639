package edition

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/course"
)

// TestReadme checks that a link of docs/assignment.md leads to the same file from the root.
func TestReadme(t *testing.T) {
	t.Parallel()
	require.Equal(t, "[a](cs231n/a.go) ![b](images/b.png) [c](https://example.org/../c)",
		string(readme([]byte("[a](../cs231n/a.go) ![b](../images/b.png) [c](https://example.org/../c)"))))
	page, err := os.ReadFile("../../../docs/assignment.md")
	require.NoError(t, err)
	links := regexp.MustCompile(`\]\(([^)#]+)`).FindAllStringSubmatch(string(readme(page)), -1)
	require.Greater(t, len(links), 5)
	for _, link := range links {
		if path := link[1]; !regexp.MustCompile("^https?:").MatchString(path) {
			require.Regexp(t, `^(notebooks/\w+\.ipynb|cs231n/.+|LICENSE)$`, path, "the student's edition has no other files")
			require.FileExists(t, "../../../"+path)
		}
	}
}

// TestReadmePoints checks that the page has the points of the exercises, by file, and of the notebooks.
func TestReadmePoints(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../docs/assignment.md")
	require.NoError(t, err)
	files := map[string][]string{}
	for _, e := range course.Exercises() {
		entry := fmt.Sprintf("`%s` %d", e.ID, e.Points)
		if e.Bonus {
			entry += " bonus"
		}
		files[e.File] = append(files[e.File], entry)
	}
	for file, entries := range files {
		require.Contains(t, string(page), fmt.Sprintf("\n| [%s](../%s) | %s |\n", file, file, strings.Join(entries, ", ")))
	}
	notebooks := map[string]bool{}
	for _, q := range course.Questions() {
		notebooks[q.Notebook] = true
	}
	for name := range notebooks {
		source, err := os.ReadFile("../../../notebooks/source/" + name + ".md")
		require.NoError(t, err)
		require.Regexp(t, `(?m)^\| \[\w+\]\(../notebooks/`+name+`.ipynb\).* \| `+regexp.QuoteMeta(worth(name, string(source)))+` \|$`, string(page))
	}
}

// worth writes the points of a notebook: of the exercises and of the questions, then the same for a bonus.
func worth(name, source string) string {
	sums := map[bool][2]int{} // by bonus
	for _, e := range course.Exercises() {
		if strings.Contains(source, "<!-- EXERCISE "+e.ID+" -->") {
			sums[e.Bonus] = [2]int{sums[e.Bonus][0] + e.Points, sums[e.Bonus][1]}
		}
	}
	for _, q := range course.Questions() {
		if q.Notebook == name {
			sums[q.Bonus] = [2]int{sums[q.Bonus][0], sums[q.Bonus][1] + q.Points}
		}
	}
	var parts []string
	for _, bonus := range []bool{false, true} {
		if sums[bonus] == [2]int{} {
			continue
		}
		part := fmt.Sprint(sums[bonus][0])
		if sums[bonus][1] > 0 {
			part += fmt.Sprintf(" + %d", sums[bonus][1])
		}
		if bonus {
			part = "bonus " + part
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}

// TestUnmarked checks that the Makefile of the student's edition has the targets for students only.
func TestUnmarked(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../Makefile")
	require.NoError(t, err)
	var targets []string
	for _, m := range regexp.MustCompile(`(?m)^([a-z-]+):`).FindAllStringSubmatch(string(unmarked(text)), -1) {
		targets = append(targets, m[1])
	}
	require.Equal(t, []string{"help", "setup", "lab", "build", "check", "submit", "clean"}, targets)
	require.NotContains(t, string(unmarked(text)), "SOLUTION")
}
