package diffusion_test

import (
	"context"
	"io/fs"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/checkpoint"
	"github.com/cs231n-go/assignment3/cs231n/diffusion"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// train trains a small network on 64 images.
func train(t *testing.T, backend compute.Backend, name string, o training.Options) (*diffusion.UNet, *training.Result, error) {
	t.Helper()
	stream := rng.NewTorch(seed)
	net := diffusion.NewUNet(channels, stream)
	c := diffusion.Config{Net: net, Objective: objective(t, name), Train: images(t, 64), Stream: stream, Steps: 100}
	o.BatchSize = 16
	r, err := training.Run(context.Background(), backend, c, o)
	return net, r, err
}

// TestCurve compares the losses of the first iterations, and the averaged weights after them, with PyTorch's. The run of
// noise prediction stops on its way and is resumed. That of rectified flow has two devices, which change a loss only by
// rounding.
func TestCurve(t *testing.T) {
	t.Parallel()
	for name, want := range readGolden(t).Curves {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			backend, folder := testbackend.Get(t), training.Folder(t.TempDir())
			o := training.Options{Iters: 30, LogEvery: 100, KeepEvery: 15, Folder: folder}
			if name == "flow" {
				backend, o.Devices = testbackend.Several(t, 2), 2
			} else {
				part := o
				part.Iters = 11
				_, _, err := train(t, backend, name, part)
				require.NoError(t, err)
				o.Resume = true
			}
			_, r, err := train(t, backend, name, o)
			require.NoError(t, err)
			for i, loss := range want.Losses {
				require.InEpsilon(t, loss, r.Losses[0][i], testbackend.Tolerance(t, 1e-5, 1e-3), "iteration %d", i)
			}
			require.Len(t, r.Samples, 1)
			require.Len(t, r.Samples[0].Images, 16)

			s, _, err := diffusion.Load(folder)
			require.NoError(t, err)
			require.Equal(t, name, s.Objective.Name())
			requireSome(t, want.Average, flat(s.Net), 1e-5)

			all, err := folder.Kept()
			require.NoError(t, err)
			require.Len(t, all, 2)
			require.Equal(t, 30, all[1].Iteration)
			last := diffusion.NewUNet(channels, nil)
			require.NoError(t, all[1].Set(map[string][]*nn.Param{"average/net": last.Params()}))
			require.Equal(t, flat(s.Net), flat(last))
		})
	}
}

// flat returns all parameters of a network.
func flat(net *diffusion.UNet) (all []float32) {
	for _, p := range net.Params() {
		all = append(all, tensors.MustCopyFlatData[float32](p.Value)...)
	}
	return all
}

// TestRefuses checks the errors of a wrong Config and of folders without a diffusion model.
func TestRefuses(t *testing.T) {
	t.Parallel()
	good := diffusion.Config{Net: filled(), Objective: diffusion.Flow{}, Train: images(t, 20), Stream: rng.NewTorch(seed)}
	task, err := good.Task()
	require.NoError(t, err)
	require.Equal(t, 8000*64/20, task.Epochs)
	good.Steps = 1
	task, err = good.Task()
	require.NoError(t, err)
	require.Equal(t, 4, task.Epochs, "64 images are three times 20, and 4 more")
	for want, change := range map[string]func(c *diffusion.Config){
		"diffusion: Config needs a Net, an Objective and a Stream":   func(c *diffusion.Config) { c.Objective = nil },
		"diffusion: -1 steps; give a positive number, or 0 for 8000": func(c *diffusion.Config) { c.Steps = -1 },
		"diffusion: cannot train on 20 images of 28×28 with 15680 pixels and 3 labels; Train needs images of 28×28 with a label each": func(c *diffusion.Config) {
			c.Train.Labels = c.Train.Labels[:3]
		},
		"diffusion: cannot train on 20 images of 28×28 with 784 pixels and 20 labels; Train needs images of 28×28 with a label each": func(c *diffusion.Config) {
			c.Train.Images = c.Train.Images[:784]
		},
		"diffusion: cannot train on 20 images of 28×14 with 15680 pixels and 20 labels; Train needs images of 28×28 with a label each": func(c *diffusion.Config) {
			c.Train.Cols = 14
		},
		"diffusion: cannot train on 0 images of 28×28 with 0 pixels and 0 labels; Train needs images of 28×28 with a label each": func(c *diffusion.Config) {
			c.Train = c.Train.First(0)
		},
	} {
		c := good
		change(&c)
		_, err := c.Task()
		require.EqualError(t, err, want)
	}
	_, err = training.Run(context.Background(), nil, good, training.Options{BatchSize: 21})
	require.EqualError(t, err, "diffusion: a batch cannot have 21 images; there are 20")

	folder := t.TempDir()
	_, _, err = diffusion.Load(training.Folder(folder))
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, "`cs231n train diffusion` trains one")
	require.NoError(t, checkpoint.Save(training.Folder(folder).Checkpoint(), model.NewStore(), map[string]any{"model": "gan"}))
	_, _, err = diffusion.Load(training.Folder(folder))
	require.ErrorContains(t, err, `is a checkpoint of model "gan", not of "diffusion"; choose another folder`)
}
