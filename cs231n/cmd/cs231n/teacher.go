//go:build !plain

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gomlx/compute"
	"github.com/spf13/cobra"

	"github.com/cs231n-go/assignment3/cs231n/cmd/cli"
	"github.com/cs231n-go/assignment3/cs231n/course/edition"
	"github.com/cs231n-go/assignment3/cs231n/course/grade"
	"github.com/cs231n-go/assignment3/cs231n/course/sandbox"
	"github.com/cs231n-go/assignment3/cs231n/device"
	"github.com/cs231n-go/assignment3/cs231n/display"
)

// teacherCommands lists the commands for teachers.
func teacherCommands() []*cobra.Command {
	return []*cobra.Command{studentCommand(), exercisesCommand(), gradeCommand()}
}

func studentCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "student DIR", Short: "Make the student's edition", GroupID: "course", Args: cli.Args("DIR"),
		Long: `Make the student's edition of the assignment in the new folder DIR: the same module with
gaps in place of the solutions, notebooks without answers, and checks. Run it in the
solved checkout.`,
		Example: "  cs231n student ../assignment3-student",
	}
	perform(c, new(bool), func(ctx context.Context, s *display.Screen, args []string) (any, error) {
		ctx, stop := interruptible(ctx)
		defer stop()
		root, backend, err := solved(c)
		if err != nil {
			return nil, err
		}
		defer backend.Finalize()
		s.Phase("writing the student's edition", "")
		return "the student's edition is in " + args[0], edition.Write(ctx, backend, root, args[0])
	})
	return c
}

func gradeCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "grade DIR", Short: "Grade a submission, or a folder of submissions", GroupID: "course", Args: cli.Args("DIR"),
		Long: `Grade the code of submissions with the hidden tests. DIR is one submission, as a folder or
an archive, or a folder of them. Each gets a folder in --out with results.json, in
Gradescope's format, and report.html. The code of students runs in a sandbox without
network. Run it in the solved checkout.`,
		Example: "  cs231n grade submissions --out grades\n  cs231n grade ada/assignment3.zip --seed 7",
	}
	out, seed, unsafe := "", uint64(0), false
	f := c.Flags()
	f.StringVar(&out, "out", filepath.Join("out", "grades"), "write the results into the folder `DIR`")
	f.Var(cli.Seed(4_000_000, &seed), "seed", "choose the inputs of the hidden tests by `N`, the course's secret")
	f.BoolVar(&unsafe, "unsafe", false, "grade on a machine without isolation, for submissions that you trust")
	asJSON := f.Bool("json", false, "print one JSON object for each submission")
	perform(c, new(bool), func(ctx context.Context, s *display.Screen, args []string) (any, error) {
		ctx, stop := interruptible(ctx)
		defer stop()
		root, backend, err := solved(c)
		if err != nil {
			return nil, err
		}
		defer backend.Finalize()
		grader, err := grade.New(backend, root, uint32(seed))
		if err != nil {
			return nil, err
		}
		grader.Unsafe = unsafe
		var failed []string
		all, summary := 0, ""
		s.Phase("grading", "submissions")
		err = grader.All(ctx, args[0], out, func(done, total int, r grade.Report, err error) {
			s.Step(done, total)
			if all = total; err == nil && *asJSON {
				err = printJSON(c.OutOrStdout(), r)
			}
			if err != nil {
				failed = append(failed, err.Error())
			} else {
				summary += r.String() + "\n"
			}
		})
		if len(failed) > 0 {
			err = errors.Join(err, fmt.Errorf("%d of %d submissions could not be graded: %s", len(failed), all, strings.Join(failed, "; ")))
		}
		if *asJSON || summary == "" {
			return nil, err
		}
		_, _, questions := grade.MaxPoints()
		return fmt.Sprintf("%s\nA person grades the inline questions (%d points). The results are in %s.", summary, questions, out), err
	})
	return c
}

// solved returns the solved checkout, which is the working directory, and a backend for the expected results. Submissions run
// without XLA_FLAGS, so their expected results have to come without them, too.
func solved(c *cobra.Command) (root string, backend compute.Backend, err error) {
	if root, err = os.Getwd(); err != nil {
		return "", nil, err
	}
	if err := os.Unsetenv("XLA_FLAGS"); err != nil {
		return "", nil, err
	}
	backend, err = device.Open(device.Warn(c.ErrOrStderr()))
	return root, backend, err
}

// guardCommand takes over the process if package sandbox has started it.
func guardCommand() { sandbox.Init() }
