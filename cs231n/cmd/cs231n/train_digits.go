package main

import (
	"context"
	"fmt"
	"math"
	"path/filepath"

	"github.com/gomlx/compute"
	"github.com/spf13/cobra"

	"github.com/cs231n-go/assignment3/cs231n/cmd/cli"
	"github.com/cs231n-go/assignment3/cs231n/diffusion"
	"github.com/cs231n-go/assignment3/cs231n/digits"
	"github.com/cs231n-go/assignment3/cs231n/display"
	"github.com/cs231n-go/assignment3/cs231n/gan"
	"github.com/cs231n-go/assignment3/cs231n/mnist"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// numTrain is the number of MNIST's 60,000 training images that the assignment trains its generators on.
const numTrain = 50_000

// learn trains a model, calls the functions after it, and returns a description of the work.
type learn func(t training.Trainable, after ...func(compute.Backend) (string, error)) (any, error)

// trainDigits is `cs231n train` for a model of MNIST's digits. build makes the model and trains it, as in the assignment's
// notebook: the seed, the network, then training.
func trainDigits(model, short, more string, seeds uint64, o *training.Options, build func(images, test mnist.Set, train learn) (any, error)) *cobra.Command {
	o.Seed = 231
	dir := ""
	c := &cobra.Command{
		Use: model, Short: short, GroupID: "mnist", Args: cli.Args(),
		Long:    fmt.Sprintf("%s on MNIST's digits, in batches of %d images.\n%s", short, o.BatchSize, more),
		Example: fmt.Sprintf("  cs231n train %[1]s\n  cs231n train %[1]s --iters 100 --out out/try\n  cs231n train %[1]s --resume", model),
	}
	f := c.Flags()
	f.StringVar(&dir, "data", "", "read MNIST's four files from the folder `DIR` (default a built-in copy)")
	f.Var(cli.Seed(seeds, &o.Seed), "seed", "seed the random numbers with `N`")
	trainingFlags(f, o, model)
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
		return build(images, test, func(t training.Trainable, after ...func(compute.Backend) (string, error)) (any, error) {
			return train(ctx, c, s, t, *o, after...)
		})
	})
	return c
}

// trainGenerator is [trainDigits] for a model that draws digits.
func trainGenerator(model, short string, o *training.Options, build func(images mnist.Set, train learn) (any, error)) *cobra.Command {
	o.OnSamples = func(iteration int, pictures [][]float32) error {
		grid, err := display.Grid(pictures)
		if err != nil {
			return err
		}
		return display.SavePNG(filepath.Join(string(o.Folder), fmt.Sprintf("samples-%06d.png", iteration)), grid)
	}
	c := trainDigits(model, short, "Pictures that it draws are saved as samples-*.png.", math.MaxUint64, o, func(images, _ mnist.Set, train learn) (any, error) {
		return build(images.First(numTrain), train)
	})
	c.Flags().Var(cli.AtLeast(1, &o.KeepEvery), "keep-every", "keep the parameters of every `N`th iteration, in params-*.safetensors (default none)")
	return c
}

func trainGAN(model, short string, epochs int) *cobra.Command {
	o := &training.Options{Epochs: epochs, BatchSize: gan.BatchSize}
	return trainGenerator(model, short, o, func(images mnist.Set, train learn) (any, error) {
		config, err := gan.Preset(model, rng.NewTorch(o.Seed))
		if err != nil {
			return nil, err
		}
		config.Images = images.Images
		return train(config)
	})
}

func trainDiffusion() *cobra.Command {
	o := &training.Options{Iters: diffusion.DefaultSteps, BatchSize: diffusion.BatchSize}
	objective, schedule, channels := "flow", 0, diffusion.DefaultChannels
	var c *cobra.Command
	c = trainGenerator("diffusion", "Train a diffusion model", o, func(images mnist.Set, train learn) (any, error) {
		if channels%8 != 0 {
			return nil, cli.Usagef("--channels %d: must be a multiple of 8", channels)
		}
		target, err := diffusion.ObjectiveByName(objective)
		if err != nil {
			return nil, err
		}
		stream := rng.NewTorch(o.Seed)
		config := diffusion.Config{Net: diffusion.NewUNet(channels, stream), Objective: target, Train: images, Stream: stream, Steps: schedule}
		if config.Steps == 0 {
			config.Steps = o.Iters
			if c.Flags().Changed("epochs") {
				config.Steps = o.Epochs * max(images.N/diffusion.BatchSize, 1)
			}
		}
		return train(config)
	})
	f := c.Flags()
	f.Var(cli.Choice(&objective, "flow", "noise"), "objective", "predict `NAME`: flow, the direction of rectified flow, or noise")
	f.Var(cli.AtLeast(1, &schedule), "schedule", "let the learning rate fall over `N` iterations, the same for a resumed run (default all)")
	f.Var(cli.Between(8, 512, &channels), "channels", "use a U-Net with `N` channels, a multiple of 8")
	c.Example += "\n  cs231n train diffusion --objective noise --out out/noise"
	return c
}

func trainClassifier() *cobra.Command {
	o := &training.Options{Epochs: 8, BatchSize: digits.BatchSize}
	// The largest seed is that of NumPy's generator, which draws the batches.
	return trainDigits("digits", "Train a classifier", "Its accuracy on the test images is printed at the end.", math.MaxUint32, o, func(images, test mnist.Set, train learn) (any, error) {
		net := digits.Classifier(rng.NewTorch(o.Seed))
		config := digits.Config{Net: net, Train: images, Stream: rng.NewNumPy(uint32(o.Seed))}
		return train(config, func(backend compute.Backend) (string, error) {
			accuracy, err := digits.Accuracy(backend, net, test)
			return fmt.Sprintf("digits: %.2f%% of %d test images are right", 100*accuracy, test.N), err
		})
	})
}
