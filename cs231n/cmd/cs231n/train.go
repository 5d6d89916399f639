package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/term"

	"github.com/cs231n-go/assignment3/cs231n/device"
	"github.com/cs231n-go/assignment3/cs231n/display"
	"github.com/cs231n-go/assignment3/cs231n/gan"
	"github.com/cs231n-go/assignment3/cs231n/mnist"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// numTrain is how many of MNIST's 60,000 training images the assignment trains on.
const numTrain = 50_000

// trainFlags are the settings of one training run.
type trainFlags struct {
	model         string
	seed          uint64
	iters, epochs int
	saveEvery     int
	devices       int
	data, out     string
	resume        bool
}

func parseTrain(args []string) (trainFlags, error) {
	var f trainFlags
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return f, usagef("train needs a model before its flags: gan, lsgan, dcgan, rnn, lstm or transformer")
	}
	f.model = args[0]
	flags := flag.NewFlagSet("train", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Uint64Var(&f.seed, "seed", 231, "")
	flags.IntVar(&f.iters, "iters", 0, "")
	flags.IntVar(&f.epochs, "epochs", 0, "")
	flags.IntVar(&f.saveEvery, "save-every", 250, "")
	flags.IntVar(&f.devices, "devices", 1, "")
	flags.StringVar(&f.data, "data", "", "")
	flags.StringVar(&f.out, "out", filepath.Join("out", f.model), "")
	flags.BoolVar(&f.resume, "resume", false, "")
	if err := flags.Parse(args[1:]); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return f, err
		}
		return f, usageError{err}
	}
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	switch {
	case flags.NArg() > 0:
		return f, usagef("train does not take %q", flags.Arg(0))
	case given["iters"] && given["epochs"]:
		return f, usagef("-iters and -epochs exclude each other")
	case given["iters"] && f.iters < 1:
		return f, usagef("-iters %d: at least one iteration is needed", f.iters)
	case given["epochs"] && f.epochs < 1:
		return f, usagef("-epochs %d: at least one epoch is needed", f.epochs)
	case f.saveEvery < 1:
		return f, usagef("-save-every %d: it is a number of iterations, at least one", f.saveEvery)
	case f.devices < 1:
		return f, usagef("-devices %d: it is a number of devices, at least one", f.devices)
	case f.out == "":
		return f, usagef("-out needs a folder")
	}
	return f, nil
}

// train runs `cs231n train`: the seed, then D, then G, then training, as the assignment's notebook.
func train(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f, err := parseTrain(args)
	if err != nil {
		return err
	}
	config, err := gan.Preset(f.model, rng.NewTorch(f.seed))
	if err != nil {
		return usagef("unknown model %q; there are gan, lsgan, dcgan, rnn, lstm and transformer", f.model)
	}
	images, _, err := mnist.Load(f.data)
	if err != nil {
		return err
	}
	if images.Rows != gan.Side || images.Cols != gan.Side {
		return fmt.Errorf("the images in %s are %d×%d instead of %d×%d; name a folder with MNIST's, or leave -data out", f.data, images.Rows, images.Cols, gan.Side, gan.Side)
	}
	backend, err := device.Open(device.Warn(stderr), device.CPUDevices(f.devices))
	if err != nil {
		return err
	}
	defer backend.Finalize()

	config.Images = images.Images[:min(numTrain, images.N)*gan.Pixels]
	config.Seed, config.Dir, config.Resume, config.SaveEvery = f.seed, training.Folder(f.out), f.resume, f.saveEvery
	config.Iters, config.Devices = f.iters, f.devices
	if f.epochs > 0 {
		config.Epochs = f.epochs
	}
	var progress *display.Progress
	progress, config.Log = screen(stdout, stderr, "D", "G")
	steps := 0
	config.OnStep = func(done, total int, values ...float64) {
		steps++
		progress.Step(done, total, values...)
	}
	config.OnSamples = func(iteration int, fakes [][]float32) error {
		grid, err := display.Grid(fakes)
		if err != nil {
			return err
		}
		return display.SavePNG(filepath.Join(f.out, fmt.Sprintf("samples-%06d.png", iteration)), grid)
	}
	result, err := gan.Train(ctx, backend, config)
	if err = errors.Join(err, progress.Done()); err != nil {
		return err
	}
	report(stdout, f.model, f.out, result.Iteration, steps)
	return nil
}

// report says what a finished training did, in steps of its own.
func report(stdout io.Writer, model, out string, iterations, steps int) {
	if steps == 0 {
		fmt.Fprintf(stdout, "%s: nothing left to do, %s has %d iterations already; ask for more with -iters or -epochs\n", model, out, iterations)
	} else {
		fmt.Fprintf(stdout, "%s: %d iterations done, kept in %s\n", model, iterations, out)
	}
}

// screen returns where training shows its progress and where it logs. On a terminal the progress is a
// line that is rewritten in place, and is cleared before a line is logged. Elsewhere it is part of the
// log, which leaves standard error to errors alone.
func screen(stdout, stderr io.Writer, names ...string) (*display.Progress, io.Writer) {
	for _, w := range []io.Writer{stderr, stdout} {
		if file, ok := w.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
			return display.NewProgress(w, names...), clearingWriter{stdout, w}
		}
	}
	return display.NewProgress(stdout, names...), stdout
}

// clearingWriter clears the terminal's current line before every write to the log.
type clearingWriter struct{ log, terminal io.Writer }

func (w clearingWriter) Write(line []byte) (int, error) {
	// A terminal that cannot be cleared is no reason to lose the line.
	_, _ = io.WriteString(w.terminal, "\r\x1b[K")
	return w.log.Write(line)
}
