package edition_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/course"
	"github.com/cs231n-go/assignment3/cs231n/course/edition"
)

// sources reads the sources of the notebooks, by the names of the notebooks.
func sources(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob("../../../notebooks/source/*.md")
	require.NoError(t, err)
	require.Len(t, paths, 5)
	sources := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		sources[strings.TrimSuffix(filepath.Base(path), ".md")] = string(text)
	}
	return sources
}

// students converts the sources.
func students(t *testing.T) map[string]string {
	t.Helper()
	converted := map[string]string{}
	for name, source := range sources(t) {
		text, err := edition.Notebook([]byte(source), course.Exercises(), course.Questions())
		require.NoError(t, err, name)
		converted[name] = string(text)
	}
	return converted
}

// TestPlaces checks that every exercise and every question has one place, questions in their own notebook.
func TestPlaces(t *testing.T) {
	t.Parallel()
	all := strings.Join([]string{"RNN", "LSTM", "Transformer"}, "_Captioning ") + "_Captioning Generative_Adversarial_Networks"
	var text strings.Builder // the sources in the order of the table
	for name := range strings.FieldsSeq(all) {
		text.WriteString(sources(t)[name])
	}
	var exercises, questions []string
	for _, e := range course.Exercises() {
		exercises = append(exercises, e.ID)
	}
	for _, q := range course.Questions() {
		questions = append(questions, q.ID)
		require.Contains(t, sources(t)[q.Notebook], "<!-- QUESTION "+q.ID+" -->", "%s in %s", q.ID, q.Notebook)
	}
	ids := func(kind string) (ids []string) {
		for _, m := range regexp.MustCompile("<!-- "+kind+" (.*) -->").FindAllStringSubmatch(text.String(), -1) {
			ids = append(ids, m[1])
		}
		return ids
	}
	require.ElementsMatch(t, exercises, ids("EXERCISE"))
	require.Equal(t, questions, ids("QUESTION"))
}

// TestNoSolutions checks that the student's notebooks have no mark and no line of a solution region.
func TestNoSolutions(t *testing.T) {
	t.Parallel()
	converted := students(t)
	cells, removed := 0, 0
	for name, source := range sources(t) {
		text := converted[name]
		require.Empty(t, regexp.MustCompile(`.*(SOLUTION|EXERCISE|QUESTION|STUDENT|\n-->).*`).FindString(text), name)
		require.False(t, strings.Contains(text, "\n\n\n"), "%s: jupytext begins a cell after two blank lines", name)
		cells += strings.Count(text, "\n\n<!-- #region tags=[\"")
		kept, common := lines(text), lines(regexp.MustCompile(`(?s)BEGIN SOLUTION.*?END SOLUTION|<!-- STUDENT.*?\n-->`).ReplaceAllString(source, ""))
		for _, region := range regexp.MustCompile(`(?s)BEGIN SOLUTION.*?END SOLUTION`).FindAllString(source, -1) {
			for line := range lines(region) {
				if len(line) > 20 && !common[line] { // a cell may load the same data as another one
					removed++
					require.False(t, kept[line], "%s: students see %q", name, line)
				}
			}
		}
	}
	require.Equal(t, len(course.Questions()), cells)
	require.Greater(t, removed, 100)
}

// lines returns the set of lines of a text.
func lines(text string) map[string]bool {
	set := map[string]bool{}
	for line := range strings.Lines(text) {
		set[line] = true
	}
	return set
}

// TestAnswersStayHidden checks some facts that the solved notebooks tell and that would answer a question or an exercise.
func TestAnswersStayHidden(t *testing.T) {
	t.Parallel()
	for name, facts := range map[string][]string{
		"RNN_Captioning":                  {"1 - h_t^2", "unrolled_h", "compiled loop", "fifty characters", "Shapes, colours"},
		"LSTM_Captioning":                 {`\tanh^2 c_t`, "almost unchanged", "singular values", "no long memory", "loss is lower"},
		"Transformer_Captioning":          {`\sum_t \frac`, "caches these", "nearly one-hot"},
		"Generative_Adversarial_Networks": {"-y_t$", "determinant", "bad sign", "stray pixels", "x[t]-y[t+1]", "like handwriting"},
	} {
		for _, fact := range facts {
			require.True(t, strings.Contains(sources(t)[name], fact), "%s tells %q", name, fact)
			require.False(t, strings.Contains(students(t)[name], fact), "%s tells students %q", name, fact)
		}
	}
}

// TestMarksAreParagraphs checks that blank lines surround each mark in the text. Otherwise it would break a paragraph or a
// list of the solved edition.
func TestMarksAreParagraphs(t *testing.T) {
	t.Parallel()
	mark := regexp.MustCompile(`^(<!--.*|-->)$`)
	for name, source := range sources(t) {
		lines := strings.Split(source, "\n")
		for i, line := range lines {
			if mark.MatchString(line) {
				require.Empty(t, lines[i-1], "%s, line %d", name, i)
				require.Empty(t, lines[i+1], "%s, line %d", name, i+2)
			}
		}
	}
}
