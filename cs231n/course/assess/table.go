package assess

import (
	"fmt"
	"strings"
)

// Table writes results as a table with the points, and a line for each thing that is wrong.
func Table(results []Result) string {
	var b strings.Builder
	points, most, bonus := 0, 0, 0
	for _, r := range results {
		fmt.Fprintf(&b, "%-7s %2d/%-2d  %-20s %s\n", r.Status, r.Points(), r.Exercise.Points, r.Exercise.ID, r.Exercise.Title)
		for _, line := range r.Lines {
			fmt.Fprintf(&b, "               %s\n", line)
		}
		if r.Exercise.Bonus {
			bonus += r.Points()
		} else {
			points, most = points+r.Points(), most+r.Exercise.Points
		}
	}
	fmt.Fprintf(&b, "%d of %d points", points, most)
	if bonus > 0 {
		fmt.Fprintf(&b, " and %d bonus points", bonus)
	}
	return b.String()
}
