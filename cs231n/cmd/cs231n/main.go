// Command cs231n trains, samples and evaluates the assignment's models outside of a notebook, and makes or downloads their
// data; see cs231n --help.
//
// An error is one line on standard error. The exit status is 2 for an error in the command line, 130 if Ctrl-C or SIGTERM
// ended train or data, and 1 for any other error. The other commands have nothing to save, so the signal itself ends them.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/cs231n-go/assignment3/cs231n/cmd/cli"
	"github.com/cs231n-go/assignment3/cs231n/display"
)

func main() {
	guardCommand()
	cli.RecordCrashes()
	os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

// run executes one command line and returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := &cobra.Command{
		Use: "cs231n",
		Long: `Train, sample and evaluate the models of CS231n's assignment 3: generative adversarial
networks and diffusion models of MNIST's digits, and networks that write captions of images.`,
		Example: `  cs231n train gan                        # draw digits, into out/gan
  cs231n sample diffusion --digit 7       # 16 sevens, into out/samples
  cs231n train transformer --epochs 8     # write captions, of COCO or the built-in scenes
  cs231n sample transformer --images 3    # captions of three images`,
	}
	root.AddGroup(&cobra.Group{ID: "models", Title: "Models:"}, &cobra.Group{ID: "machine", Title: "Data and machine:"}, &cobra.Group{ID: "course", Title: "Course:"})
	commands := []*cobra.Command{trainCommand(), sampleCommand(), evalCommand(), dataCommand(), doctorCommand()}
	cli.Group(root, "command", append(commands, courseCommands()...)...)
	return cli.Run(ctx, root, args, stdout, stderr)
}

// interruptible returns a context that the first Ctrl-C or SIGTERM cancels, for work that then stops without losing anything.
// A second one kills the program, as does the first after stop.
func interruptible(ctx context.Context) (_ context.Context, stop context.CancelFunc) {
	ctx, stop = signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// perform makes do the work of a command. Its result, if it is not nil, is printed as text or as JSON.
func perform(c *cobra.Command, asJSON *bool, do func(ctx context.Context, s *display.Screen, args []string) (any, error)) {
	c.RunE = func(c *cobra.Command, args []string) error {
		s := display.NewScreen(c.OutOrStdout(), c.ErrOrStderr(), *asJSON)
		result, err := do(c.Context(), s, args)
		if err = errors.Join(err, s.Done()); result == nil {
			return err
		}
		if *asJSON {
			return errors.Join(err, printJSON(c.OutOrStdout(), result))
		}
		_, printErr := fmt.Fprintln(c.OutOrStdout(), result)
		return errors.Join(err, printErr)
	}
}

// printJSON prints a value on a line.
func printJSON(w io.Writer, value any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(value)
}
