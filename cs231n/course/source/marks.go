// Package source reads and assembles the Go files in which students write their code.
//
// In the solved tree comments on separate lines mark the solutions:
//
//	// BEGIN SOLUTION rnn-step-forward
//	…
//	// END SOLUTION
//
// With the name of an exercise the region is inside the function that students write. Without a name it is removed from
// the student's edition, as a helper of a solution is.
package source

import (
	"fmt"
	"go/build/constraint"
	"slices"
	"strings"

	"github.com/cs231n-go/assignment3/cs231n/course"
)

const (
	begin = "// BEGIN SOLUTION"
	end   = "// END SOLUTION"
)

// region is a marked part of a file: the lines from first to last, the marks included.
type region struct {
	first, last int
	exercise    string // "" for a region without a name
}

// regions finds the marked parts of a file.
func regions(path string, lines []string) ([]region, error) {
	var found []region
	open := false
	for i, line := range lines {
		text := strings.TrimSpace(line)
		switch {
		case text == end && !open:
			return nil, fmt.Errorf("%s:%d: END SOLUTION without BEGIN SOLUTION", path, i+1)
		case text == end:
			found[len(found)-1].last, open = i, false
		case strings.HasPrefix(text, begin) && open:
			return nil, fmt.Errorf("%s:%d: BEGIN SOLUTION in a region that line %d begins", path, i+1, found[len(found)-1].first+1)
		case strings.HasPrefix(text, begin):
			found, open = append(found, region{first: i, exercise: strings.TrimSpace(strings.TrimPrefix(text, begin))}), true
		}
	}
	if open {
		return nil, fmt.Errorf("%s:%d: BEGIN SOLUTION without END SOLUTION", path, found[len(found)-1].first+1)
	}
	return found, nil
}

// Blank removes the solutions from a file of the solved tree. Path is that of the student's edition.
func Blank(path string, solved []byte) ([]byte, error) {
	lines := strings.SplitAfter(string(solved), "\n")
	all, err := regions(path, lines)
	if err != nil || len(all) == 0 {
		return solved, err
	}
	var b strings.Builder
	next := 0
	for _, r := range all {
		b.WriteString(strings.Join(lines[next:r.first], ""))
		if next = r.last + 1; r.exercise != "" {
			gap, err := gap(path, r.exercise, indentation(lines[r.first]))
			if err != nil {
				return nil, fmt.Errorf("%s:%d: %w", path, r.first+1, err)
			}
			b.WriteString(gap)
		} else if next < len(lines) && strings.TrimSpace(lines[next]) == "" {
			next++ // else two empty lines would follow each other
		}
	}
	b.WriteString(strings.Join(lines[next:], ""))
	return keepImports(path, solved, []byte(b.String()))
}

// gap is the text that a student replaces.
func gap(path, id, indent string) (string, error) {
	all := course.Exercises()
	i := slices.IndexFunc(all, func(e course.Exercise) bool { return e.ID == id })
	if i < 0 {
		return "", fmt.Errorf("there is no exercise %q", id)
	}
	if all[i].File != path {
		return "", fmt.Errorf("exercise %s is in %s instead of %s", id, path, all[i].File)
	}
	return fmt.Sprintf("%s// Exercise %s: %s.\n%spanic(todo.Exercise(%q, %q)) // write your code in place of this line\n",
		indent, id, all[i].Title, indent, id, path), nil
}

func indentation(line string) string { return line[:len(line)-len(strings.TrimLeft(line, "\t "))] }

// tag is the build tag of the student's edition.
const tag = "plain"

// Edition reports whether a file of the solved tree belongs to the student's edition, and returns its text there, without
// the constraint that chose it. A file belongs to it unless its build constraint excludes the tag "plain".
func Edition(text []byte) (string, bool) {
	head, rest, found := strings.Cut(string(text), "\n")
	expression, err := constraint.Parse(head)
	if !found || err != nil || !strings.Contains(head, tag) {
		return string(text), true
	}
	if !expression.Eval(func(name string) bool { return name == tag || name == "linux" || name == "unix" }) {
		return "", false
	}
	return strings.TrimPrefix(rest, "\n"), true
}

// Name returns the path of a file in the student's edition: a plain form has the name of the optimized one.
func Name(path string) string { return strings.Replace(path, "_"+tag+".go", ".go", 1) }

// PlainName is the inverse of [Name] for a file that has an optimized form beside it.
func PlainName(path string) string { return strings.TrimSuffix(path, ".go") + "_" + tag + ".go" }
