package edition

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cs231n-go/assignment3/cs231n/course"
)

// exercise writes the task of an exercise.
func (c *converter) exercise(id string) error {
	i := slices.IndexFunc(c.exercises, func(e course.Exercise) bool { return e.ID == id })
	if i < 0 {
		return fmt.Errorf("there is no exercise %q in the table of package course", id)
	}
	if err := c.use(id); err != nil {
		return err
	}
	e := c.exercises[i]
	c.paragraph(fmt.Sprintf("**%s (%s).** Write `%s` in `%s`.", kind("Exercise", e.Bonus), points(e.Points), e.Func, e.File))
	if e.Hint != "" {
		c.paragraph("*Hint:* " + e.Hint)
	}
	return nil
}

// question writes the points of a question and a cell for the answer. The region of jupytext makes it a cell.
func (c *converter) question(id string) error {
	i := slices.IndexFunc(c.questions, func(q course.Question) bool { return q.ID == id })
	if i < 0 {
		return fmt.Errorf("there is no question %q in the table of package course", id)
	}
	if err := c.use(id); err != nil {
		return err
	}
	q := c.questions[i]
	c.pending = id
	c.paragraph(fmt.Sprintf("**%s (%s).** Double-click the next cell and write your answer there.", kind("Question", q.Bonus), points(q.Points)))
	c.paragraph(fmt.Sprintf("<!-- #region tags=[%q] -->", id), yours, "<!-- #endregion -->")
	return nil
}

// use records that a mark names an exercise or a question.
func (c *converter) use(id string) error {
	if c.used[id] {
		return fmt.Errorf("a second mark names %s; each exercise and question has one place", id)
	}
	c.used[id] = true
	return nil
}

// paragraph writes lines with a blank line before and after them.
func (c *converter) paragraph(lines ...string) {
	c.cut = true
	c.write("")
	for _, line := range lines {
		c.write(line)
	}
	c.cut = true
	c.write("")
}

// kind returns name, marked as a bonus if it is one.
func kind(name string, bonus bool) string {
	if bonus {
		return "Bonus " + strings.ToLower(name)
	}
	return name
}

func points(n int) string {
	if n == 1 {
		return "1 point"
	}
	return fmt.Sprintf("%d points", n)
}
