// Command cs231n trains the assignment's models outside of a notebook.
//
//	cs231n train gan|lsgan|dcgan|digits [-seed 231] [-iters N | -epochs N] [-data DIR] [-out DIR] [-save-every N] [-devices N] [-resume]
//	cs231n train rnn|lstm -data DIR [-seed 231] [-max-train N] [-epochs N] [-batch N] [-lr X] [-lr-decay X] ...
//	cs231n train transformer -data DIR [-heads 2] [-layers 2] [-max-length 30] ...
//	cs231n sample rnn|lstm|transformer -data DIR [-checkpoint DIR] [-split train|val] [-n 2] [-seed 231] [-beam K | -dropout]
//	cs231n eval rnn|lstm|transformer -data DIR [-checkpoint DIR] [-split train|val] [-beam K]
//	cs231n data make DIR
//	cs231n data fetch [-replace] DIR
//	cs231n doctor
//
// A mistake ends the program with one line on standard error and a status other than 0: 2 where the
// command line is at fault, 130 where Ctrl-C or SIGTERM ended train or data, 1 otherwise. The other commands
// have nothing to keep and are ended by the signal itself.
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
  cs231n train gan|lsgan|dcgan|digits [-seed 231] [-iters N | -epochs N] [-data DIR] [-out DIR] [-save-every N] [-devices N] [-resume]
      train a GAN on MNIST, or a classifier of its digits, whose accuracy on the test images is printed; -out (out/MODEL) receives samples and, every N iterations (250) and at the
      end, checkpoint.safetensors and history.json; -resume goes on from there; -devices is how many of the
      machine's devices share each batch of 128
  cs231n train rnn|lstm -data DIR [-seed 231] [-max-train N] [-epochs 50 | -iters N] [-batch 25] [-rule adam]
      [-lr 0.005] [-lr-decay 0.95] [-hidden 512] [-wordvec 256] [-print-every 10] [-out DIR] [-save-every N] [-devices N] [-resume]
      train a captioning model; -max-train takes that many captions at random, 0 takes all; the rules are
      sgd, sgd_momentum, rmsprop and adam; an LSTM's -lr-decay is 0.995 where it is not given
  cs231n train transformer -data DIR [-epochs 100 | -iters N] [-lr 0.001] [-heads 2] [-layers 2] [-max-length 30] ...
      the same with a Transformer; the rule is torch_adam, PyTorch's Adam, and the rate does not decay
  cs231n sample rnn|lstm|transformer -data DIR [-checkpoint DIR] [-split val] [-n 2] [-seed 231] [-max-train N] [-beam K | -dropout]
      describe images at random, one JSON line each; -checkpoint (out/MODEL) is the folder that training wrote to;
      -beam lets a Transformer search among K captions, -dropout leaves its dropout on as the original notebook did
  cs231n eval rnn|lstm|transformer -data DIR [-checkpoint DIR] [-split val] [-beam K]
      describe all images of a split and print BLEU-1 to BLEU-4
      download MNIST into DIR, checked, for train gan -data
  cs231n data make DIR
      make the scenes data set in DIR: pictures, captions and features in COCO's format, offline
  cs231n data fetch [-replace] DIR
      download the course's COCO captions and features into DIR (about 1 GB); run it again to go on;
      -replace is needed where DIR holds a data set already that was not downloaded
  cs231n doctor
      say which XLA plugin is used on this machine, and why
`

func main() { os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr)) }

// interruptible returns a context that ends at the first Ctrl-C or SIGTERM, for work that then stops where nothing
// is lost. A second one kills, as does the first after stop.
func interruptible(ctx context.Context) (_ context.Context, stop context.CancelFunc) {
	ctx, stop = signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// usageError is a mistake on the command line.
type usageError struct{ error }

func usagef(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// run executes one command line and returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	err := recovered(func() error { return dispatch(ctx, args, stdout, stderr) })
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

// traceEnv is the environment variable that lets a panic end the program with Go's own trace.
const traceEnv = "CS231N_TRACE"

// recovered makes an error of a panic in do, which is a mistake of this program and tells its user nothing.
func recovered(do func() error) (err error) {
	if os.Getenv(traceEnv) != "" {
		return do()
	}
	defer func() {
		if mistake := recover(); mistake != nil {
			err = fmt.Errorf("this is a mistake in cs231n and not yours: %v; what was saved is whole; please report it with the trace that %s=1 shows", mistake, traceEnv)
		}
	}()
	return do()
}

// asksForHelp reports whether the first of args asks for nothing but the usage.
func asksForHelp(args []string) bool {
	return len(args) > 0 && slices.Contains([]string{"-h", "-help", "--help", "help"}, args[0])
}

func dispatch(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return usagef("no command given; there are train, sample, eval, data and doctor")
	}
	command, rest := args[0], args[1:]
	if asksForHelp(args) || asksForHelp(rest) {
		return flag.ErrHelp
	}
	switch command {
	case "train":
		ctx, stop := interruptible(ctx)
		defer stop()
		if captioner(rest) {
			return trainCaptions(ctx, rest[0], rest[1:], stdout, stderr)
		}
		return train(ctx, rest, stdout, stderr)
	case "sample", "eval":
		if !captioner(rest) {
			return usagef("%s needs a model before its flags: rnn, lstm or transformer", command)
		}
		if command == "sample" {
			return sample(rest[0], rest[1:], stdout, stderr)
		}
		return eval(rest[0], rest[1:], stdout, stderr)
	case "data":
		ctx, stop := interruptible(ctx)
		defer stop()
		return data(ctx, rest, stdout, stderr)
	case "doctor":
		return doctor(rest, stdout)
	default:
		return usagef("unknown command %q; there are train, sample, eval, data and doctor", command)
	}
}

// captioner reports whether the first of args names a captioning model.
func captioner(args []string) bool {
	return len(args) > 0 && slices.Contains([]string{"rnn", "lstm", "transformer"}, args[0])
}
