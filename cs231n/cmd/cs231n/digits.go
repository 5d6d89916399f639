package main

import (
	"context"
	"fmt"
	"math"
	"path/filepath"

	"github.com/gomlx/compute"
	"github.com/spf13/cobra"

	"github.com/cs231n-go/assignment3/cs231n/cmd/cli"
	"github.com/cs231n-go/assignment3/cs231n/digits"
	"github.com/cs231n-go/assignment3/cs231n/display"
	"github.com/cs231n-go/assignment3/cs231n/gan"
	"github.com/cs231n-go/assignment3/cs231n/mnist"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

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
		o.OnSamples = func(iteration int, fakes [][]float32) error {
			grid, err := display.Grid(fakes)
			if err != nil {
				return err
			}
			return display.SavePNG(filepath.Join(string(o.Folder), fmt.Sprintf("samples-%06d.png", iteration)), grid)
		}
		return train(ctx, c, s, config, o)
	})
	return c
}
