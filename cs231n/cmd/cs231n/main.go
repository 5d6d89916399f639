// Command cs231n trains the assignment's models outside of a notebook.
//
//	cs231n train gan|lsgan|dcgan [-seed 231] [-iters N | -epochs N] [-data DIR] [-out DIR] [-resume]
//	cs231n data mnist DIR
//	cs231n doctor
//
// A mistake ends the program with one line on standard error and a status other than 0: 2 where the
// command line is at fault, 1 otherwise.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

const usage = `usage:
  cs231n train gan|lsgan|dcgan [-seed 231] [-iters N | -epochs N] [-data DIR] [-out DIR] [-resume]
      train a GAN on MNIST; -out (out/MODEL) receives checkpoint, samples and history.json
  cs231n data mnist DIR
      download MNIST into DIR, checked, for -data
  cs231n doctor
      say which XLA plugin is used on this machine, and why
`

func main() {
	// The first Ctrl-C ends training after the step at hand, with a checkpoint; a second one kills.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// usageError is a mistake on the command line.
type usageError struct{ error }

func usagef(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// run executes one command line and returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	err := dispatch(ctx, args, stdout, stderr)
	var misuse usageError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return 0
	case errors.As(err, &misuse):
		fmt.Fprintf(stderr, "cs231n: %v (cs231n -h shows how it is used)\n", err)
		return 2
	}
	fmt.Fprintf(stderr, "cs231n: %s\n", strings.ReplaceAll(err.Error(), "\n", "; "))
	return 1
}

func dispatch(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return usagef("no command given; there are train, data and doctor")
	}
	switch command, rest := args[0], args[1:]; command {
	case "train":
		return train(ctx, rest, stdout, stderr)
	case "data":
		return data(ctx, rest, stdout)
	case "doctor":
		return doctor(rest, stdout)
	case "-h", "-help", "--help", "help":
		return flag.ErrHelp
	default:
		return usagef("unknown command %q; there are train, data and doctor", command)
	}
}
