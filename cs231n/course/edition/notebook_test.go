package edition_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/course"
	"github.com/cs231n-go/assignment3/cs231n/course/edition"
)

// notebook converts a source with a small table of exercises.
func notebook(source string) (string, error) {
	text, err := edition.Notebook([]byte(source), []course.Exercise{
		{ID: "sum", File: "cs231n/sum/sum.go", Func: "Sum", Points: 1, Hint: "Use `Add`."},
		{ID: "product", File: "cs231n/sum/product.go", Func: "Product", Points: 2, Bonus: true},
	}, []course.Question{{ID: "one-q1", Points: 1}, {ID: "one-q2", Points: 3, Bonus: true}})
	return string(text), err
}

func TestNotebook(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ source, want string }{
		"without marks":                         {"# A\n\ntext\n\n```go\n%%\nf()\n```\n", "# A\n\ntext\n\n```go\n%%\nf()\n```\n"},
		"two blank lines, as between two cells": {"a\n\n\nb\n", "a\n\n\nb\n"},
		"jupytext's regions":                    {"<!-- #region -->\na\n<!-- #endregion -->\n", "<!-- #region -->\na\n<!-- #endregion -->\n"},
		"a solution in the text":                {"a\n\n<!-- BEGIN SOLUTION -->\n\nsecret\n\n<!-- END SOLUTION -->\n\nb\n", "a\n\nb\n"},
		"a solution at the end":                 {"a\n\n<!-- BEGIN SOLUTION -->\n\nsecret\n\n<!-- END SOLUTION -->\n", "a\n"},
		"a solution over cells": {
			"a\n\n<!-- BEGIN SOLUTION -->\n\n## B\n\n```go\nsecret()\n```\n\n<!-- END SOLUTION -->\n\n```go\nf()\n```\n",
			"a\n\n```go\nf()\n```\n",
		},
		"a solution in a code cell": {
			"```go\n%%\nf()\n\nif x {\n\t// BEGIN SOLUTION\n\tsecret()\n\t// END SOLUTION\n}\n```\n",
			"```go\n%%\nf()\n\nif x {\n}\n```\n",
		},
		"one text for each edition": {
			"a\n\n<!-- BEGIN SOLUTION -->\n\nsecret\n\n<!-- END SOLUTION -->\n\n<!-- STUDENT\n\nWhy?\n\n* one\n* two\n\n-->\n\nb\n",
			"a\n\nWhy?\n\n* one\n* two\n\nb\n",
		},
		"exercises": {
			"a\n\n<!-- EXERCISE sum -->\n\n<!-- EXERCISE product -->\n\n```go\nf()\n```\n",
			"a\n\n**Exercise (1 point).** Write `Sum` in `cs231n/sum/sum.go`.\n\n*Hint:* Use `Add`.\n\n" +
				"**Bonus exercise (2 points).** Write `Product` in `cs231n/sum/product.go`.\n\n```go\nf()\n```\n",
		},
		"exercises without blank lines": {
			"a\n<!-- EXERCISE product -->\nb\n",
			"a\n\n**Bonus exercise (2 points).** Write `Product` in `cs231n/sum/product.go`.\n\nb\n",
		},
		"questions": {
			"Why?\n\n<!-- QUESTION one-q1 -->\n\n<!-- BEGIN SOLUTION -->\n\n**Your answer:** So.\n\n```go\nf()\n```\n\n<!-- END SOLUTION -->\n\nHow?\n\n" +
				"<!-- QUESTION one-q2 -->\n<!-- BEGIN SOLUTION -->\n**Your answer:**\n\n1. So.\n<!-- END SOLUTION -->\n",
			"Why?\n\n**Question (1 point).** Double-click the next cell and write your answer there.\n\n" +
				"<!-- #region tags=[\"one-q1\"] -->\n**Your answer:**\n<!-- #endregion -->\n\nHow?\n\n" +
				"**Bonus question (3 points).** Double-click the next cell and write your answer there.\n\n" +
				"<!-- #region tags=[\"one-q2\"] -->\n**Your answer:**\n<!-- #endregion -->\n",
		},
	} {
		got, err := notebook(c.source)
		require.NoError(t, err, name)
		require.Equal(t, c.want, got, name)
	}
}

// TestRefuses checks that a mistake in the marks is an error with its line, and never a solution in the student's notebook.
func TestRefuses(t *testing.T) {
	t.Parallel()
	const begin, end, note = "<!-- BEGIN SOLUTION -->\n", "<!-- END SOLUTION -->\n", "<!-- STUDENT\n"
	const question = "<!-- QUESTION one-q1 -->\n"
	for name, c := range map[string]struct{ source, want string }{
		"no end":                 {"a\n" + begin + "b\n", "line 2: the solution region has no end"},
		"no begin":               {"a\n" + end, "line 2: a solution region ends here, but none has begun"},
		"a region in a region":   {begin + "a\n" + begin + end + end, "line 3: a solution region begins inside that of line 1; end that one first"},
		"a code region in it":    {begin + "```go\n// BEGIN SOLUTION\n", "line 3: a solution region begins inside that of line 1"},
		"a region in a note":     {note + "a\n" + begin + end + "-->\n", "line 3: a solution region begins inside the student block of line 1"},
		"a note in a region":     {begin + note + "a\n-->\n" + end, `line 2: "<!-- STUDENT" is inside the solution region of line 1; marks cannot be nested`},
		"a note in a note":       {note + note + "-->\n", `line 2: "<!-- STUDENT" is inside the student block of line 1`},
		"an exercise in it":      {begin + "<!-- EXERCISE sum -->\n" + end, "line 2: \"<!-- EXERCISE sum -->\" is inside the solution region of line 1"},
		"a question in it":       {begin + question + end, "is inside the solution region of line 1"},
		"an exercise in a note":  {note + "<!-- EXERCISE sum -->\n-->\n", "is inside the student block of line 1"},
		"a note without end":     {"a\n\n" + note + "b\n", "line 3: the student block has no end; put --> on a line after it"},
		"an end of no note":      {"a\n-->\n", `line 2: "-->" is not a mark`},
		"code in a note":         {note + "```go\nf()\n```\n-->\n", "line 2: a code cell in the student block of line 1"},
		"code without end":       {"```go\nf()\n", "line 1: the code cell has no end"},
		"region over code's end": {"```go\n// BEGIN SOLUTION\nf()\n```\n", `line 4: the code cell ends inside the solution region of line 2; put "// END SOLUTION" before its end`},
		"other end":              {begin + "```go\n// END SOLUTION\n```\n", "line 3: the solution region of line 1 began in another cell"},
		"a mark of text in code": {"```go\n" + begin + "f()\n" + end + "```\n", `line 2: "<!-- BEGIN SOLUTION -->" is not a mark of a code cell; want "// BEGIN SOLUTION" or "// END SOLUTION"`},
		"a mark of code in text": {"// BEGIN SOLUTION\na\n// END SOLUTION\n", `line 1: "// BEGIN SOLUTION" is not a mark`},
		"a mark with a name":     {"```go\n// BEGIN SOLUTION sum\nf()\n// END SOLUTION\n```\n", `line 2: "// BEGIN SOLUTION sum" is not a mark of a code cell`},
		"a mark after text":      {"a <!-- BEGIN SOLUTION -->\n", `line 1: "a <!-- BEGIN SOLUTION -->" is not a mark`},
		"a misspelt mark":        {"<!-- EXERCIZE sum -->\n", `line 1: "<!-- EXERCIZE sum -->" is not a mark`},
		"an unknown exercise":    {"<!-- EXERCISE sums -->\n", `line 1: there is no exercise "sums" in the table of package course`},
		"an unknown question":    {"<!-- QUESTION sum -->\n", `line 1: there is no question "sum" in the table of package course`},
		"an exercise twice":      {"<!-- EXERCISE sum -->\n\n<!-- EXERCISE sum -->\n", "line 3: a second mark names sum"},
		"no answer":              {"a\n" + question + "\n**Your answer:** b\n", "line 4: no answer follows the mark of question one-q1"},
		"no answer at the end":   {"a\n" + question + "\n", "line 3: no answer follows the mark of question one-q1"},
		"another mark":           {question + "<!-- EXERCISE sum -->\n", "line 2: no answer follows the mark of question one-q1"},
		"an empty answer":        {question + begin + "\n" + end, "line 4: the solution region of line 2 is empty; want the answer"},
		"another region":         {question + begin + "\nBy the way\n" + end, `line 4: the region after a question begins with "By the way"; want the answer, which begins with "**Your answer:**"`},
	} {
		text, err := notebook(c.source)
		require.ErrorContains(t, err, c.want, name)
		require.NotContains(t, err.Error(), "\n", name)
		require.Empty(t, text, name)
	}
}
