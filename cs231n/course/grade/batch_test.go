package grade

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/course"
	"github.com/cs231n-go/assignment3/cs231n/course/assess"
	"github.com/cs231n-go/assignment3/cs231n/course/cases"
)

// outcome is the result of a solution.
type outcome struct {
	solution
	status          assess.Status
	visible, hidden []string      // lines about the cases of each kind
	got             []wrongResult // of visible cases
}

// wrongResult are the results of a case that are wrong.
type wrongResult struct {
	cases.Case
	arrays []cases.Array
}

// batches distributes solutions over submissions. A submission has one solution of an exercise at most, and no two of
// exercises of which one needs the other, so each is judged as if all other exercises were right.
func batches(all []solution) [][]solution {
	var list [][]solution
	for _, s := range all {
		i := slices.IndexFunc(list, func(b []solution) bool {
			return !slices.ContainsFunc(b, func(o solution) bool { return related(o.exercise.ID, s.exercise.ID) })
		})
		if i < 0 {
			i, list = len(list), append(list, nil)
		}
		list[i] = append(list[i], s)
	}
	return list
}

func related(a, b string) bool {
	return a == b || slices.Contains(needs(a), b) || slices.Contains(needs(b), a)
}

// needs lists the exercises that the hidden cases of an exercise need.
func needs(id string) []string {
	list := course.Needs(id)
	for _, c := range hidden(0) {
		if c.Exercise == id {
			list = append(list, c.Needs()...)
		}
	}
	return list
}

const visible, hiddenCase = "visible ", "hidden "

// judge assesses a submission with the visible and the hidden cases.
func judge(t *testing.T, g *Grader, batch []solution) []outcome {
	t.Helper()
	files := maps.Clone(g.layout.Reference())
	outcomes := map[string]*outcome{}
	a := assess.Assessment{Layout: g.layout, Files: files, Execute: g.execute}
	for _, s := range batch {
		text, err := s.apply(string(files[s.exercise.File]))
		require.NoError(t, err)
		files[s.exercise.File] = []byte(g.cheat(t, text))
		a.Only = append(a.Only, s.exercise.ID)
		outcomes[s.exercise.ID] = &outcome{solution: s}
	}
	a.Cases = slices.Concat(chosen(cases.Visible(), visible, a.Only), chosen(g.cases, hiddenCase, a.Only))
	a.Expected = func(c cases.Case) ([]cases.Array, error) { return g.want(original(c)) }
	a.Hint = func(c cases.Case, got []cases.Array) string {
		if strings.HasPrefix(c.Name, visible) {
			c = original(c)
			outcomes[c.Exercise].got = append(outcomes[c.Exercise].got, wrongResult{c, got})
		}
		return ""
	}
	results, err := a.Run(t.Context())
	require.NoError(t, err)
	var list []outcome
	for _, r := range results {
		o := outcomes[r.Exercise.ID]
		o.status = r.Status
		for _, line := range r.Lines {
			if !strings.HasPrefix(line, hiddenCase) {
				o.visible = append(o.visible, line)
			}
			if !strings.HasPrefix(line, visible) {
				o.hidden = append(o.hidden, line)
			}
		}
		list = append(list, *o)
	}
	return list
}

// chosen lists the cases of exercises, with a prefix before their names.
func chosen(list []cases.Case, prefix string, ids []string) []cases.Case {
	var out []cases.Case
	for _, c := range list {
		if slices.Contains(ids, c.Exercise) {
			c.Name = prefix + c.Name
			out = append(out, c)
		}
	}
	return out
}

func original(c cases.Case) cases.Case {
	c.Name = strings.TrimPrefix(strings.TrimPrefix(c.Name, visible), hiddenCase)
	return c
}

// cheat replaces the word EXPECTED by the expected result of the visible case of gan-loss-g, for a solution that returns it.
func (g *Grader) cheat(t *testing.T, text string) string {
	t.Helper()
	for _, c := range cases.Visible() {
		if c.Exercise == "gan-loss-g" && strings.Contains(text, "EXPECTED") {
			want, err := g.want(c)
			require.NoError(t, err)
			return strings.ReplaceAll(text, "EXPECTED", fmt.Sprintf("%.17g", want[0].Values()[0]))
		}
	}
	return text
}

func referenceFiles(t *testing.T) map[string][]byte {
	t.Helper()
	layout, err := assess.Open(root)
	require.NoError(t, err)
	return layout.Reference()
}
