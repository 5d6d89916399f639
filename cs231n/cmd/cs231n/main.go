// Command cs231n trains the assignment's models outside of a notebook.
//
//	cs231n train gan|lsgan|dcgan [-seed 231] [-iters N | -epochs N] [-data DIR] [-out DIR] [-save-every N] [-resume]
//	cs231n data mnist DIR
//	cs231n doctor
//
// A mistake ends the program with one line on standard error and a status other than 0: 2 where the
// command line is at fault, 130 after Ctrl-C or SIGTERM, 1 otherwise.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

const usage = `usage:
  cs231n train gan|lsgan|dcgan [-seed 231] [-iters N | -epochs N] [-data DIR] [-out DIR] [-save-every N] [-resume]
      train a GAN on MNIST; -out (out/MODEL) receives samples and, every N iterations (250) and at the
      end, checkpoint.safetensors and history.json; -resume goes on from there
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
	if err == nil {
		return 0
	}
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage)
		return 0
	}
	status, hint := 1, ""
	var misuse usageError
	switch {
	case errors.As(err, &misuse):
		status, hint = 2, " (cs231n -h shows how it is used)"
	case errors.Is(err, context.Canceled):
		status = 130 // what a shell reports of a program that Ctrl-C ended
	}
	fmt.Fprintf(stderr, "cs231n: %s%s\n", strings.ReplaceAll(err.Error(), "\n", "; "), hint)
	return status
}

// asksForHelp reports whether the first of args asks for nothing but the usage.
func asksForHelp(args []string) bool {
	return len(args) > 0 && slices.Contains([]string{"-h", "-help", "--help", "help"}, args[0])
}

func dispatch(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return usagef("no command given; there are train, data and doctor")
	}
	command, rest := args[0], args[1:]
	if asksForHelp(args) || asksForHelp(rest) {
		return flag.ErrHelp
	}
	switch command {
	case "train":
		return train(ctx, rest, stdout, stderr)
	case "data":
		return data(ctx, rest, stdout)
	case "doctor":
		return doctor(rest, stdout)
	default:
		return usagef("unknown command %q; there are train, data and doctor", command)
	}
}
