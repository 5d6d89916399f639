package main

import (
	"context"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/cs231n-go/assignment3/cs231n/course/assess"
	"github.com/cs231n-go/assignment3/cs231n/course/submit"
	"github.com/cs231n-go/assignment3/cs231n/display"
)

// checked is the result of `cs231n check`.
type checked []assess.Result

// String is the table. The Makefile calls this program bin/check.
func (c checked) String() string { return assess.Table(c, filepath.Base(os.Args[0]) == "check") }

func checkCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "check [EXERCISE...]", Short: "Check the exercises that you have written", GroupID: "course",
		Long: `Compile the exercises, compare their results with the expected ones, and print a table
with the points. EXERCISE is an exercise such as rnn-forward, or the first word of several,
such as rnn. The hidden tests of the course use other inputs. Run it in your copy of the
assignment.`,
		Example: "  cs231n check\n  cs231n check rnn\n  cs231n check attention position",
	}
	asJSON := c.Flags().Bool("json", false, "print one JSON object")
	perform(c, asJSON, func(ctx context.Context, s *display.Screen, args []string) (any, error) {
		ctx, stop := interruptible(ctx)
		defer stop()
		root, err := studentRoot()
		if err != nil {
			return nil, err
		}
		s.Phase("compiling and running your code", "")
		results, err := assess.Check(ctx, root, args)
		if err != nil {
			return nil, err
		}
		return checked(results), nil
	})
	return c
}

func submitCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "submit [FILE]", Short: "Pack your solution for submission", GroupID: "course",
		Args: cobra.MaximumNArgs(1),
		Long: `Pack the files of the exercises, the executed notebooks and a list of their checksums
into FILE (default assignment3.zip). Nothing is packed if something is missing; --force
packs what there is.`,
		Example: "  cs231n submit\n  cs231n submit --force late.zip",
	}
	force := c.Flags().Bool("force", false, "pack an incomplete solution")
	perform(c, new(bool), func(_ context.Context, _ *display.Screen, args []string) (any, error) {
		root, err := studentRoot()
		if err != nil {
			return nil, err
		}
		file := "assignment3.zip"
		if len(args) > 0 {
			file = args[0]
		}
		return submit.Pack(root, file, *force)
	})
	return c
}

// studentRoot returns the student's edition with the working directory.
func studentRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	return assess.Find(dir)
}

// courseCommands are the commands of the course that students have, too.
func courseCommands() []*cobra.Command {
	return append(teacherCommands(), checkCommand(), submitCommand())
}
