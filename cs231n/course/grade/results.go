package grade

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/cs231n-go/assignment3/cs231n/atomicfile"
	"github.com/cs231n-go/assignment3/cs231n/course"
)

// gradescope is the format of Gradescope's results.json; see
// https://gradescope-autograders.readthedocs.io/en/latest/specs/#output-format. Questions without a score are graded there
// by a person.
type gradescope struct {
	Score         int              `json:"score"`
	ExecutionTime float64          `json:"execution_time"`
	Output        string           `json:"output,omitempty"`
	Visibility    string           `json:"visibility"`
	Tests         []gradescopeTest `json:"tests"`
}

type gradescopeTest struct {
	Score      int    `json:"score"`
	MaxScore   int    `json:"max_score"`
	Status     string `json:"status"` // "passed" or "failed"
	Name       string `json:"name"`
	Output     string `json:"output,omitempty"`
	Visibility string `json:"visibility"`
}

// gradescope converts the report.
func (r Report) gradescope() gradescope {
	g := gradescope{Score: r.Score(), ExecutionTime: r.Took.Seconds(), Output: strings.Join(r.Notes, "\n"), Visibility: "visible"}
	for _, result := range r.Results {
		status := "failed"
		if result.Points() == result.Exercise.Points {
			status = "passed"
		}
		g.Tests = append(g.Tests, gradescopeTest{
			Score: result.Points(), MaxScore: result.Exercise.Points, Status: status, Name: result.Exercise.ID,
			Output: strings.Join(result.Lines, "\n"), Visibility: "visible",
		})
	}
	return g
}

// Save writes results.json and report.html into a folder, which it makes if it does not exist.
func (r Report) Save(dir string) error {
	json, err := encode(r.gradescope())
	if err != nil {
		return err
	}
	html, err := r.html()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := atomicfile.WriteBytes(filepath.Join(dir, "results.json"), json); err != nil {
		return err
	}
	return atomicfile.WriteBytes(filepath.Join(dir, "report.html"), html)
}

// MaxPoints returns the points of all exercises that are no bonus, of the bonus exercises, and of the questions.
func MaxPoints() (code, bonus, questions int) {
	for _, e := range course.Exercises() {
		if e.Bonus {
			bonus += e.Points
		} else {
			code += e.Points
		}
	}
	for _, q := range course.Questions() {
		if !q.Bonus {
			questions += q.Points
		}
	}
	return code, bonus, questions
}

// String is a line for the teacher.
func (r Report) String() string {
	code, bonus, _ := MaxPoints()
	line := fmt.Sprintf("%-24s  %3d of %d points  %2d of %d bonus", r.Name, r.CodeScore(), code, r.BonusScore(), bonus)
	switch len(r.Notes) {
	case 0:
	case 1:
		line += "  " + r.Notes[0]
	default:
		line += fmt.Sprintf("  %s (%d notes in report.html)", r.Notes[0], len(r.Notes))
	}
	return line
}

// BonusScore returns the points of the bonus exercises.
func (r Report) BonusScore() int {
	sum := 0
	for _, result := range r.Results {
		if result.Exercise.Bonus {
			sum += result.Points()
		}
	}
	return sum
}

// CodeScore returns the points of the exercises that are no bonus.
func (r Report) CodeScore() int { return r.Score() - r.BonusScore() }
