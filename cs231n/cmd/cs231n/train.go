package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/gomlx/compute"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/cs231n-go/assignment3/cs231n/cmd/cli"
	"github.com/cs231n-go/assignment3/cs231n/device"
	"github.com/cs231n-go/assignment3/cs231n/display"
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
	return groupModels(c,
		trainGAN("gan", "Train the vanilla GAN", 10),
		trainGAN("lsgan", "Train the least-squares GAN", 10),
		trainGAN("dcgan", "Train the deep convolutional GAN", 5),
		trainDiffusion(),
		trainClassifier(),
		trainCaptions("rnn", "Train a vanilla recurrent network", 50, 5e-3, 0.95, "adam"),
		trainCaptions("lstm", "Train an LSTM", 50, 5e-3, 0.995, "adam"),
		trainCaptions("transformer", "Train a Transformer", 100, 1e-3, 1, "torch_adam"),
	)
}

// groupModels gives c a subcommand for each model, which help lists by their data.
func groupModels(c *cobra.Command, models ...*cobra.Command) *cobra.Command {
	c.AddGroup(&cobra.Group{ID: "mnist", Title: "Models of MNIST's digits:"}, &cobra.Group{ID: "captions", Title: "Models that write captions:"})
	return cli.Group(c, "model", models...)
}

// trainingFlags declares the flags of all models.
func trainingFlags(f *pflag.FlagSet, o *training.Options, model string) {
	o.Folder, o.SaveEvery, o.Devices = training.Folder(filepath.Join("out", model)), 250, 1
	epochs, iters := "train for `N` passes over the training set", "train for `N` iterations"
	if o.Iters == 0 {
		iters += " instead of --epochs"
	} else {
		epochs += " instead of --iters"
	}
	f.Var(cli.AtLeast(1, &o.Epochs), "epochs", epochs)
	f.Var(cli.AtLeast(1, &o.Iters), "iters", iters)
	f.StringVar((*string)(&o.Folder), "out", string(o.Folder), "save the run in the folder `DIR`")
	f.BoolVar(&o.Resume, "resume", false, "resume the run in that folder")
	f.Var(cli.AtLeast(1, &o.SaveEvery), "save-every", "save a checkpoint every `N` iterations, and at the end")
	f.Var(cli.AtLeast(1, &o.Devices), "devices", "share each batch between `N` devices of the machine")
}

// train opens a device and trains. Its result says what was done.
func train(ctx context.Context, c *cobra.Command, s *display.Screen, t training.Trainable, o training.Options, after ...func(compute.Backend) (string, error)) (any, error) {
	if f := c.Flags(); f.Changed("iters") && f.Changed("epochs") {
		return nil, cli.Usagef("--iters and --epochs exclude each other")
	} else if f.Changed("epochs") {
		o.Iters = 0
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
