package assess

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cs231n-go/assignment3/cs231n/course"
	"github.com/cs231n-go/assignment3/cs231n/course/cases"
)

// Check assesses the exercises of a student's checkout with the visible cases. Only selects exercises by their ID or the
// beginning of it, such as "rnn"; an empty list means all.
func Check(ctx context.Context, root string, only []string) ([]Result, error) {
	layout, err := Open(root)
	if err != nil {
		return nil, err
	}
	ids, err := selected(only)
	if err != nil {
		return nil, err
	}
	expected, err := readExpected(root)
	if err != nil {
		return nil, err
	}
	known, err := KnownMistakes()
	if err != nil {
		return nil, err
	}
	a := Assessment{
		Layout: layout, Files: Disk(root), Only: ids, Cases: cases.Visible(), Execute: Direct, Expected: expected, Hint: known.Hint,
	}
	return a.Run(ctx)
}

// selected lists the exercises that match.
func selected(only []string) ([]string, error) {
	if len(only) == 0 {
		return nil, nil
	}
	var ids []string
	for _, want := range only {
		found := false
		for _, e := range course.Exercises() {
			if e.ID == want || strings.HasPrefix(e.ID, want+"-") {
				ids, found = append(ids, e.ID), true
			}
		}
		if !found {
			return nil, fmt.Errorf("there is no exercise %q%s; choose from %s", Line(want), similar(want), strings.Join(allIDs(), ", "))
		}
	}
	return ids, nil
}

// similar suggests exercises with the letters of a name in another order, or with a part of it.
func similar(name string) string {
	letters := func(s string) string {
		list := strings.Split(strings.ToLower(strings.NewReplacer("-", "", "_", "", " ", "").Replace(s)), "")
		slices.Sort(list)
		return strings.Join(list, "")
	}
	for _, id := range allIDs() {
		if len(name) > 2 && strings.Contains(id, strings.ToLower(name)) || letters(id) == letters(name) {
			return "; did you mean " + id + "?"
		}
	}
	return ""
}

func allIDs() []string {
	var ids []string
	for _, e := range course.Exercises() {
		ids = append(ids, e.ID)
	}
	return ids
}

// readExpected reads the expected results that came with the student's edition.
func readExpected(root string) (func(cases.Case) ([]cases.Array, error), error) {
	path := filepath.Join(root, Release, "expected.json")
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w: get a new copy of the assignment and copy your files into it", err)
	}
	var all [][]cases.Array
	if err := json.Unmarshal(text, &all); err != nil || len(all) != len(cases.Visible()) {
		return nil, fmt.Errorf("%s is damaged; get a new copy of the assignment and copy your files into it", path)
	}
	return func(c cases.Case) ([]cases.Array, error) {
		i := slices.IndexFunc(cases.Visible(), func(v cases.Case) bool { return v.Exercise == c.Exercise && v.Name == c.Name })
		if i < 0 {
			return nil, fmt.Errorf("there are no expected results")
		}
		return all[i], nil
	}, nil
}
