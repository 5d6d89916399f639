// Package edition makes the student's edition of the assignment from the solved one.
package edition

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/cs231n-go/assignment3/cs231n/course"
)

// Marks of a notebook's source, each on a line without other text. The text of a student block is an HTML comment, so a
// reader of the solved notebook does not see it.
const (
	beginText = "<!-- BEGIN SOLUTION -->"
	endText   = "<!-- END SOLUTION -->"
	beginCode = "// BEGIN SOLUTION"
	endCode   = "// END SOLUTION"
	student   = "<!-- STUDENT"
	endOfNote = "-->"
	yours     = "**Your answer:**"
)

// exerciseMark and questionMark name an exercise and a question. looksLikeMark finds what is no mark but should be one.
var (
	exerciseMark  = regexp.MustCompile(`^<!-- EXERCISE ([a-z0-9-]+) -->$`)
	questionMark  = regexp.MustCompile(`^<!-- QUESTION ([a-z0-9-]+) -->$`)
	looksLikeMark = regexp.MustCompile(`<!--|-->|\b(BEGIN|END) SOLUTION\b`)
)

// Notebook returns the source of the student's notebook, in jupytext's Markdown as the source of the solved one:
//
//   - regions from BEGIN SOLUTION to END SOLUTION are removed, in text and in code cells;
//   - the text of <!-- STUDENT … --> appears;
//   - <!-- EXERCISE id --> becomes a task: points, function, file and hint;
//   - <!-- QUESTION id --> becomes an empty cell for the answer, with the id as its tag. The region after it must begin with
//     the solved edition's answer.
//
// An error names the line of the source.
func Notebook(source []byte, exercises []course.Exercise, questions []course.Question) ([]byte, error) {
	c := converter{exercises: exercises, questions: questions, used: map[string]bool{}}
	for line := range strings.Lines(string(source)) {
		c.number++
		if err := c.line(strings.TrimRight(line, "\n")); err != nil {
			return nil, fmt.Errorf("line %d: %w", c.number, err)
		}
	}
	if err := c.end(); err != nil {
		return nil, err
	}
	return []byte(strings.Join(c.out, "\n") + "\n"), nil
}

// converter holds the state between two lines.
type converter struct {
	exercises []course.Exercise
	questions []course.Question
	used      map[string]bool // ids that a mark has named

	number  int    // of the line
	code    int    // line on which the code cell began, 0 in text
	region  int    // line on which the solution region began, 0 outside
	inCode  bool   // the region began in a code cell
	note    int    // line on which the student block began, 0 outside
	pending string // question without an answer so far
	answer  bool   // the region is an answer and its first line has not come yet
	cut     bool   // something has been removed since the last line
	out     []string
}

// line handles one line of the source.
func (c *converter) line(line string) error {
	mark := strings.TrimSpace(line)
	switch {
	case strings.HasPrefix(line, "```"):
		return c.fence(line)
	case c.note > 0 && mark == endOfNote:
		c.note, c.cut = 0, true
		return nil
	case c.code > 0 && mark == beginCode || c.code == 0 && mark == beginText:
		return c.begin()
	case c.code > 0 && mark == endCode || c.code == 0 && mark == endText:
		return c.finish()
	case !looksLikeMark.MatchString(line) || c.code == 0 && strings.HasPrefix(mark, "<!-- #"): // jupytext's own marks
		return c.copy(line)
	case c.region > 0:
		return fmt.Errorf("%q is inside the solution region of line %d; marks cannot be nested", mark, c.region)
	case c.note > 0:
		return fmt.Errorf("%q is inside the student block of line %d; marks cannot be nested", mark, c.note)
	case c.code > 0:
		return fmt.Errorf("%q is not a mark of a code cell; want %q or %q", mark, beginCode, endCode)
	}
	return c.textMark(mark)
}

// fence handles the first or last line of a code cell.
func (c *converter) fence(line string) error {
	switch {
	case c.note > 0:
		return fmt.Errorf("a code cell in the student block of line %d; jupytext would give it to the solved notebook, too", c.note)
	case c.region > 0 && c.inCode:
		return fmt.Errorf("the code cell ends inside the solution region of line %d; put %q before its end", c.region, endCode)
	case c.code > 0:
		c.code = 0
	default:
		c.code = c.number
	}
	return c.copy(line)
}

// textMark handles a mark of the text that is neither the begin nor the end of a region.
func (c *converter) textMark(mark string) error {
	if err := c.answered(); err != nil {
		return err
	}
	if mark == student {
		c.note, c.cut = c.number, true
		return nil
	}
	if m := exerciseMark.FindStringSubmatch(mark); m != nil {
		return c.exercise(m[1])
	}
	if m := questionMark.FindStringSubmatch(mark); m != nil {
		return c.question(m[1])
	}
	return fmt.Errorf("%q is not a mark; want BEGIN SOLUTION, END SOLUTION, EXERCISE id, QUESTION id or STUDENT in a comment", mark)
}

func (c *converter) begin() error {
	switch {
	case c.note > 0:
		return fmt.Errorf("a solution region begins inside the student block of line %d; marks cannot be nested", c.note)
	case c.region > 0:
		return fmt.Errorf("a solution region begins inside that of line %d; end that one first", c.region)
	}
	c.answer = c.pending != ""
	c.pending = ""
	c.region, c.inCode, c.cut = c.number, c.code > 0, true
	return nil
}

func (c *converter) finish() error {
	switch {
	case c.region == 0:
		return errors.New("a solution region ends here, but none has begun")
	case c.inCode != (c.code > 0):
		return fmt.Errorf("the solution region of line %d began in another cell; begin and end it both in the text or both in one code cell", c.region)
	case c.answer:
		return fmt.Errorf("the solution region of line %d is empty; want the answer, which begins with %q", c.region, yours)
	}
	c.region, c.cut = 0, true
	return nil
}

// copy copies a line that is no mark to the student's edition, unless it is part of a region.
func (c *converter) copy(line string) error {
	blank := strings.TrimSpace(line) == ""
	if c.region > 0 {
		if c.answer && !blank {
			c.answer = false
			if !strings.HasPrefix(line, yours) {
				return fmt.Errorf("the region after a question begins with %q; want the answer, which begins with %q", line, yours)
			}
		}
		return nil
	}
	if !blank {
		if err := c.answered(); err != nil {
			return err
		}
	}
	c.write(line)
	return nil
}

// write appends a line. Where something was cut, it drops blank lines: jupytext begins another cell after two of them.
func (c *converter) write(line string) {
	if line == "" && c.cut && (len(c.out) == 0 || c.out[len(c.out)-1] == "") {
		return
	}
	c.cut = c.cut && line == ""
	c.out = append(c.out, line)
}

// answered returns an error if a question has no answer.
func (c *converter) answered() error {
	if c.pending != "" {
		return fmt.Errorf("no answer follows the mark of question %s; put it between %q and %q", c.pending, beginText, endText)
	}
	return nil
}

// end checks that nothing is left open.
func (c *converter) end() error {
	switch {
	case c.region > 0:
		return fmt.Errorf("line %d: the solution region has no end", c.region)
	case c.note > 0:
		return fmt.Errorf("line %d: the student block has no end; put %s on a line after it", c.note, endOfNote)
	case c.code > 0:
		return fmt.Errorf("line %d: the code cell has no end", c.code)
	}
	if err := c.answered(); err != nil {
		return fmt.Errorf("line %d: %w", c.number, err)
	}
	for len(c.out) > 0 && c.out[len(c.out)-1] == "" {
		c.out = c.out[:len(c.out)-1]
	}
	return nil
}
