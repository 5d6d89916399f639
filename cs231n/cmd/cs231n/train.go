package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"

	"github.com/gomlx/compute"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/cs231n-go/assignment3/cs231n/cmd/cli"
	"github.com/cs231n-go/assignment3/cs231n/device"
	"github.com/cs231n-go/assignment3/cs231n/digits"
	"github.com/cs231n-go/assignment3/cs231n/display"
	"github.com/cs231n-go/assignment3/cs231n/gan"
	"github.com/cs231n-go/assignment3/cs231n/mnist"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

func trainCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "train", Short: "Train a model", GroupID: "models",
		Long: `Train a model. Its checkpoint and its losses are saved in the folder out/MODEL.

Ctrl-C stops after the current step and saves. With --resume the run continues and ends
with the same losses as a run that was never stopped. Without it, the run in the folder
is moved to the subfolder previous.`,
		Example: "  cs231n train dcgan --epochs 1 --out out/try\n  cs231n train gan --resume\n  cs231n train rnn --max-train 50",
	}
	pictures := "\nPictures that it draws are saved as samples-*.png."
	c.AddGroup(&cobra.Group{ID: "mnist", Title: "Models of MNIST's digits:"}, &cobra.Group{ID: "captions", Title: "Models that write captions:"})
	return cli.Group(c, "model",
		trainDigits("gan", "Train the vanilla GAN", pictures, 10),
		trainDigits("lsgan", "Train the least-squares GAN", pictures, 10),
		trainDigits("dcgan", "Train the deep convolutional GAN", pictures, 5),
		trainDigits("digits", "Train a classifier", "\nIts accuracy on the test images is printed at the end.", 8),
		trainCaptions("rnn", "Train a vanilla recurrent network", 50, 5e-3, 0.95, "adam"),
		trainCaptions("lstm", "Train an LSTM", 50, 5e-3, 0.995, "adam"),
		trainCaptions("transformer", "Train a Transformer", 100, 1e-3, 1, "torch_adam"),
	)
}

// trainingFlags declares the flags of all models.
func trainingFlags(f *pflag.FlagSet, o *training.Options, model string) {
	o.Folder, o.SaveEvery, o.Devices = training.Folder(filepath.Join("out", model)), 250, 1
	f.Var(cli.AtLeast(1, &o.Epochs), "epochs", "train for `N` passes over the training set")
	f.Var(cli.AtLeast(1, &o.Iters), "iters", "train for `N` iterations instead of --epochs")
	f.StringVar((*string)(&o.Folder), "out", string(o.Folder), "save the run in the folder `DIR`")
	f.BoolVar(&o.Resume, "resume", false, "resume the run in that folder")
	f.Var(cli.AtLeast(1, &o.SaveEvery), "save-every", "save a checkpoint every `N` iterations, and at the end")
	f.Var(cli.AtLeast(1, &o.Devices), "devices", "share each batch between `N` devices of the machine")
}

// train opens a device and trains. Its result says what was done.
func train(ctx context.Context, c *cobra.Command, s *display.Screen, t training.Trainable, o training.Options, after ...func(compute.Backend) (string, error)) (any, error) {
	if f := c.Flags(); f.Changed("iters") && f.Changed("epochs") {
		return nil, cli.Usagef("--iters and --epochs exclude each other")
	}
	task, err := t.Task()
	if err != nil {
		return nil, err
	}
	backend, err := device.Open(device.Warn(c.ErrOrStderr()), device.CPUDevices(o.Devices))
	if err != nil {
		return nil, err
	}
	defer backend.Finalize()
	s.Phase("compiling the training step", "", task.Losses...)
	steps := 0
	o.Log = s
	o.OnStep = func(done, total int, losses ...float64) {
		steps++
		s.Step(done, total, losses...)
	}
	result, err := training.Run(ctx, backend, task, o)
	if err = errors.Join(err, s.Done()); err != nil {
		return nil, err
	}
	done := fmt.Sprintf("%s: %d iterations done, kept in %s", task.Model, result.Iteration, o.Folder)
	if steps == 0 {
		done = fmt.Sprintf("%s: nothing left to do, %s has %d iterations already; ask for more with --iters or --epochs", task.Model, o.Folder, result.Iteration)
	}
	for _, do := range after {
		line, err := do(backend)
		if err != nil {
			return done, err
		}
		done += "\n" + line
	}
	return done, nil
}

// numTrain is the number of MNIST's 60,000 training images that the assignment trains its GANs on.
const numTrain = 50_000

// trainDigits is `cs231n train` for a GAN or for the classifier of digits: the seed, the networks, then training, as in the
// assignment's notebook.
func trainDigits(model, short, more string, epochs int) *cobra.Command {
	o, dir := training.Options{Epochs: epochs, Seed: 231}, ""
	c := &cobra.Command{
		Use: model, Short: short, GroupID: "mnist", Args: cli.Args(),
		Long:    short + " on MNIST's digits, in batches of 128 images." + more,
		Example: fmt.Sprintf("  cs231n train %[1]s\n  cs231n train %[1]s --iters 100 --out out/try\n  cs231n train %[1]s --resume", model),
	}
	most := uint64(math.MaxUint64)
	if model == "digits" {
		most = math.MaxUint32 // the largest seed of NumPy's generator, which draws its batches
	}
	f := c.Flags()
	f.StringVar(&dir, "data", "", "read MNIST's four files from the folder `DIR` (default a built-in copy)")
	f.Var(cli.Seed(most, &o.Seed), "seed", "seed the random numbers with `N`")
	trainingFlags(f, &o, model)
	perform(c, new(bool), func(ctx context.Context, s *display.Screen, _ []string) (any, error) {
		ctx, stop := interruptible(ctx)
		defer stop()
		s.Phase("loading MNIST", "")
		images, test, err := mnist.Load(dir)
		if err != nil {
			return nil, err
		}
		if images.Rows != gan.Side || images.Cols != gan.Side {
			return nil, fmt.Errorf("the images in %s are %d×%d instead of %d×%d; name a folder with MNIST's, or leave --data out", dir, images.Rows, images.Cols, gan.Side, gan.Side)
		}
		stream := rng.NewTorch(o.Seed)
		if model == "digits" {
			net := digits.Classifier(stream)
			config := digits.Config{Net: net, Train: images, Stream: rng.NewNumPy(uint32(o.Seed))}
			return train(ctx, c, s, config, o, func(backend compute.Backend) (string, error) {
				accuracy, err := digits.Accuracy(backend, net, test)
				return fmt.Sprintf("digits: %.2f%% of %d test images are right", 100*accuracy, test.N), err
			})
		}
		config, err := gan.Preset(model, stream)
		if err != nil {
			return nil, err
		}
		config.Images = images.Images[:min(numTrain, images.N)*gan.Pixels]
		o.OnSamples = func(iteration int, fakes [][]float32) error { return saveSamples(o.Folder, iteration, fakes) }
		return train(ctx, c, s, config, o)
	})
	return c
}

// saveSamples saves the pictures that a GAN drew at an iteration.
func saveSamples(folder training.Folder, iteration int, pictures [][]float32) error {
	grid, err := display.Grid(pictures)
	if err != nil {
		return err
	}
	return display.SavePNG(filepath.Join(string(folder), fmt.Sprintf("samples-%06d.png", iteration)), grid)
}
