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

	"github.com/gomlx/compute"
	"golang.org/x/term"

	"github.com/cs231n-go/assignment3/cs231n/device"
	"github.com/cs231n-go/assignment3/cs231n/digits"
	"github.com/cs231n-go/assignment3/cs231n/display"
	"github.com/cs231n-go/assignment3/cs231n/gan"
	"github.com/cs231n-go/assignment3/cs231n/mnist"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// numTrain is how many of MNIST's 60,000 training images the assignment trains on.
const numTrain = 50_000

// models lists the models that train takes.
const models = "gan, lsgan, dcgan, digits, rnn, lstm and transformer"

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
		return f, usagef("train needs a model before its flags: %s", models)
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
	case f.model == "digits" && f.seed > 1<<32-1:
		return f, usagef("-seed %d: NumPy's seeds end at %d", f.seed, uint32(1<<32-1))
	}
	return f, nil
}

// train runs `cs231n train` for a GAN or the classifier of digits: the seed, the networks, then training, as in the
// assignment's notebook.
func train(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f, err := parseTrain(args)
	if err != nil {
		return err
	}
	options := training.Options{
		Epochs: f.epochs, Iters: f.iters, SaveEvery: f.saveEvery, Devices: f.devices,
		Seed: f.seed, Folder: training.Folder(f.out), Resume: f.resume,
	}
	if f.model == "digits" {
		return trainDigits(ctx, f, options, stdout, stderr)
	}
	config, err := gan.Preset(f.model, rng.NewTorch(f.seed))
	if err != nil {
		return usagef("unknown model %q; there are %s", f.model, models)
	}
	images, _, err := f.images()
	if err != nil {
		return err
	}
	config.Images = images.Images[:min(numTrain, images.N)*gan.Pixels]
	options.OnSamples = func(iteration int, fakes [][]float32) error {
		grid, err := display.Grid(fakes)
		if err != nil {
			return err
		}
		return display.SavePNG(filepath.Join(f.out, fmt.Sprintf("samples-%06d.png", iteration)), grid)
	}
	return runTraining(ctx, config, options, stdout, stderr)
}

// images loads MNIST and checks that it has the size that the networks take.
func (f trainFlags) images() (train, test mnist.Set, err error) {
	train, test, err = mnist.Load(f.data)
	if err == nil && (train.Rows != gan.Side || train.Cols != gan.Side) {
		err = fmt.Errorf("the images in %s are %d×%d instead of %d×%d; name a folder with MNIST's, or leave -data out", f.data, train.Rows, train.Cols, gan.Side, gan.Side)
	}
	return train, test, err
}

// trainDigits trains the classifier and prints its accuracy on the test images.
func trainDigits(ctx context.Context, f trainFlags, options training.Options, stdout, stderr io.Writer) error {
	train, test, err := f.images()
	if err != nil {
		return err
	}
	net := digits.Classifier(rng.NewTorch(f.seed))
	config := digits.Config{Net: net, Train: train, Stream: rng.NewNumPy(uint32(f.seed))}
	return runTraining(ctx, config, options, stdout, stderr, func(backend compute.Backend) error {
		accuracy, err := digits.Accuracy(backend, net, test)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(stdout, "digits: %.2f%% of %d test images are right\n", 100*accuracy, test.N)
		return err
	})
}

// runTraining opens a device, trains with progress and log on the screen, reports, and then runs what follows.
func runTraining(ctx context.Context, t training.Trainable, o training.Options, stdout, stderr io.Writer, after ...func(compute.Backend) error) error {
	task, err := t.Task()
	if err != nil {
		return err
	}
	backend, err := device.Open(device.Warn(stderr), device.CPUDevices(o.Devices))
	if err != nil {
		return err
	}
	defer backend.Finalize()
	progress, log := screen(stdout, stderr, task.Losses...)
	o.Log = log
	steps := 0
	o.OnStep = func(done, total int, losses ...float64) {
		steps++
		progress.Step(done, total, losses...)
	}
	result, err := training.Run(ctx, backend, task, o)
	if err = errors.Join(err, progress.Done()); err != nil {
		return err
	}
	report(stdout, task.Model, string(o.Folder), result.Iteration, steps)
	for _, do := range after {
		err = errors.Join(err, do(backend))
	}
	return err
}

// report tells how many iterations a finished training has, and whether it did any of them.
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
