package grade

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/course"
	"github.com/cs231n-go/assignment3/cs231n/course/assess"
)

var (
	full   = flag.Bool("all", false, "assess all solutions of testdata, which takes minutes, instead of a sample")
	only   = flag.String("only", "", "with -all: the ID of the only exercise to assess")
	update = flag.Bool("update", false, "with -all: write the list of known mistakes")
)

// TestSolutions assesses right and wrong solutions. The hidden cases must find every wrong one and pass every right one. The
// visible cases must name the mistakes of most.
func TestSolutions(t *testing.T) {
	g := grader(t)
	list := batches(mixed(solutions(t, "right"), solutions(t, "wrong")))
	if !*full {
		require.False(t, *update || *only != "", "-update and -only need -all")
		list = list[:1]
	}
	var outcomes []outcome
	for i, batch := range list {
		begun := time.Now()
		outcomes = append(outcomes, judge(t, g, batch)...)
		t.Logf("submission %d of %d: %d solutions, %.0f s", i+1, len(list), len(batch), time.Since(begun).Seconds())
	}
	known, err := assess.KnownMistakes()
	require.NoError(t, err)
	if *update {
		others := slices.DeleteFunc(known, func(m assess.Mistake) bool { return *only == "" || m.Exercise == *only })
		known = append(others, mistakes(outcomes)...)
		save(t, known)
	}
	t.Log(table(outcomes, known))
	wrong, named := 0, 0
	for _, o := range outcomes {
		if o.right {
			require.Equal(t, assess.Passed, o.status, "%s is right, but: %v %v", o, o.visible, o.hidden)
			continue
		}
		require.NotEmpty(t, o.hidden, "the hidden cases pass %s", o)
		require.Equal(t, assess.Wrong, o.status, "%s should compute a wrong result: %v", o, o.hidden)
		if wrong++; o.named(known) {
			named++
		} else {
			require.Empty(t, o.visible, "no hint names %s; run make course-test UPDATE=1 if the solution or its case is new", o)
		}
	}
	if *full && *only == "" {
		require.Greater(t, float64(named), 0.7*float64(wrong), "mistakes that the visible cases name, of %d", wrong)
		require.Equal(t, len(mistakes(outcomes)), len(known), "the list of mistakes is out of date; run make course-test UPDATE=1")
	}
}

// mixed puts the right solutions of every third exercise first, so that a sample has both kinds.
func mixed(right, wrong []solution) []solution {
	var first, last []solution
	for i, e := range course.Exercises() {
		for _, s := range right {
			if s.exercise.ID == e.ID && i%3 == 0 {
				first = append(first, s)
			} else if s.exercise.ID == e.ID {
				last = append(last, s)
			}
		}
	}
	return slices.DeleteFunc(slices.Concat(first, wrong, last), func(s solution) bool {
		return *only != "" && *only != s.exercise.ID
	})
}

// named reports whether a line about the visible cases names the mistake.
func (o outcome) named(known assess.Mistakes) bool {
	if o.words != "" {
		return slices.ContainsFunc(o.visible, func(line string) bool { return strings.Contains(line, o.words) })
	}
	return slices.ContainsFunc(o.got, func(r wrongResult) bool {
		return slices.Contains(strings.Split(known.Hint(r.Case, r.arrays), or), o.about)
	})
}

// or joins the hints of mistakes that have the same results in a case.
const or = ", or "

// mistakes lists the results of wrong solutions that the general diagnosis does not name.
func mistakes(outcomes []outcome) assess.Mistakes {
	var list assess.Mistakes
	for _, o := range outcomes {
		if o.right || o.words != "" {
			continue
		}
		for _, r := range o.got {
			if hint := list.Hint(r.Case, r.arrays); hint != "" {
				i := slices.IndexFunc(list, func(m assess.Mistake) bool {
					return m.Exercise == r.Exercise && m.Case == r.Name && m.Hint == hint
				})
				list[i].Hint += or + o.about
				continue
			}
			list = append(list, assess.Mistake{Exercise: r.Exercise, Case: r.Name, Hint: o.about, Digest: assess.Digest(r.arrays)})
		}
	}
	return list
}

// save writes the list with a line for each mistake.
func save(t *testing.T, list assess.Mistakes) {
	t.Helper()
	slices.SortStableFunc(list, func(a, b assess.Mistake) int {
		return cmp.Or(cmp.Compare(a.Exercise, b.Exercise), cmp.Compare(a.Hint, b.Hint))
	})
	var lines []string
	for _, m := range list {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		require.NoError(t, e.Encode(m))
		lines = append(lines, strings.TrimSpace(b.String()))
	}
	text := "[\n" + strings.Join(lines, ",\n") + "\n]\n"
	require.NoError(t, os.WriteFile("../assess/mistakes.json", []byte(text), 0o644))
}

// table lists what the cases find.
func table(outcomes []outcome, known assess.Mistakes) string {
	var b strings.Builder
	wrong, right, hidden, visible, named := 0, 0, 0, 0, 0
	mark := func(yes bool, count *int) string {
		if yes {
			*count++
			return "yes"
		}
		return "-"
	}
	fmt.Fprintf(&b, "\n%-8s %-8s %-8s solution\n", "hidden", "visible", "named")
	for _, o := range outcomes {
		if o.right {
			if right++; o.status != assess.Passed {
				fmt.Fprintf(&b, "right, but not passed: %s %v\n", o, o.hidden)
			}
			continue
		}
		wrong++
		fmt.Fprintf(&b, "%-8s %-8s %-8s %s\n", mark(len(o.hidden) > 0, &hidden), mark(len(o.visible) > 0, &visible), mark(o.named(known), &named), o)
		if o.status != assess.Wrong {
			fmt.Fprintf(&b, "                           %s: %v\n", o.status, o.hidden)
		}
		for _, line := range o.visible {
			fmt.Fprintf(&b, "                             %s\n", line)
		}
	}
	fmt.Fprintf(&b, "%d right solutions; %d wrong ones: %d found by hidden cases, %d by visible cases, %d with a hint that names the mistake",
		right, wrong, hidden, visible, named)
	return b.String()
}
