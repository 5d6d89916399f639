// Package todo marks code that you have to write in the student's edition of the assignment.
package todo

import (
	"fmt"
	"os"
)

// Gap is the error of a function whose code is not written yet.
type Gap struct {
	Exercise string // its ID
	File     string // relative to the root of the module
}

// Error says which exercise it is and what to do.
func (g *Gap) Error() string {
	return fmt.Sprintf("exercise %s is not done yet: write your code in %s in place of the line with todo.Exercise, save the file, and run the cell again", g.Exercise, g.File)
}

// Exercise returns a [*Gap] to panic with. In a cell of a notebook it prints the error on one line and ends the cell
// instead, since a panic would print the stack.
func Exercise(id, file string) error {
	gap := &Gap{id, file}
	if os.Getenv("GONB_PIPE") != "" || os.Getenv("GONB_TMP_DIR") != "" {
		fmt.Fprintln(os.Stderr, "error:", gap)
		os.Exit(1)
	}
	return gap
}
