package assess

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cs231n-go/assignment3/cs231n/course"
)

// Table writes results for a terminal: a line for each exercise, below it a line for each thing that is wrong, then the sum
// of the points and the next step. The step names the targets of the Makefile if the student uses make, and the command cs231n
// otherwise, as in a class.
func Table(results []Result, usesMake bool) string {
	var b strings.Builder
	row := func(id string, status Status, points, file string) {
		fmt.Fprintf(&b, "%-18s  %-6s  %-6s  %s\n", id, status, points, file)
	}
	row("Exercise", "Result", "Points", "File")
	var before []string
	for _, r := range results {
		file := r.Exercise.File
		if r.Exercise.Bonus {
			file += " (bonus)"
		}
		row(r.Exercise.ID, r.Status, fmt.Sprintf("%d/%d", r.Points(), r.Exercise.Points), file)
		switch {
		case r.Status == Blank || len(r.Lines) == 0:
		case slices.Equal(r.Lines, before):
			fmt.Fprintln(&b, "    the same")
		default:
			fmt.Fprintln(&b, "    "+strings.Join(r.Lines, "\n    "))
		}
		before = r.Lines
	}
	return fmt.Sprintf("%s\n%s\n%s", &b, sum(results), next(results, usesMake))
}

// sum counts results and points.
func sum(results []Result) string {
	count := map[Status]int{}
	points, most, bonus, mostBonus := 0, 0, 0, 0
	for _, r := range results {
		count[r.Status]++
		if r.Exercise.Bonus {
			bonus, mostBonus = bonus+r.Points(), mostBonus+r.Exercise.Points
		} else {
			points, most = points+r.Points(), most+r.Exercise.Points
		}
	}
	line := fmt.Sprintf("%d passed, %d wrong, %d broken, %d blank:", count[Passed], count[Wrong], count[Broken], count[Blank])
	if most > 0 {
		line += fmt.Sprintf(" %d of %d points", points, most)
	}
	if most > 0 && mostBonus > 0 {
		line += ","
	}
	if mostBonus > 0 {
		line += fmt.Sprintf(" %d of %d bonus points", bonus, mostBonus)
	}
	return line
}

// next says what to do after a check: first correct the exercises that are written, then write the others.
func next(results []Result, usesMake bool) string {
	check, one, submit := "cs231n check", "cs231n check ", "submit the assignment"
	if usesMake {
		check, one, submit = "make check", "make check EXERCISE=", "run `make submit`"
	}
	find := func(wanted func(Result) bool) (course.Exercise, bool) {
		i := slices.IndexFunc(results, wanted)
		if i < 0 {
			return course.Exercise{}, false
		}
		return results[i].Exercise, true
	}
	if e, ok := find(func(r Result) bool { return r.Status == Wrong || r.Status == Broken }); ok {
		return fmt.Sprintf("Next: correct %s, then run `%s%s`.", e.ID, one, e.ID)
	}
	all := !slices.ContainsFunc(course.Exercises(), func(e course.Exercise) bool {
		_, checked := find(func(r Result) bool { return r.Exercise.ID == e.ID })
		return !e.Bonus && !checked
	})
	// Once the others pass, students may leave out a bonus exercise.
	if e, ok := find(func(r Result) bool { return r.Status == Blank && !(all && r.Exercise.Bonus) }); ok {
		return fmt.Sprintf("Next: write %s in %s.", e.Func, e.File)
	}
	if !all {
		return fmt.Sprintf("Next: run `%s` for all exercises.", check)
	}
	return fmt.Sprintf("Next: run all cells of the notebooks, answer the inline questions, and %s.", submit)
}
