package gan_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/gan"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// TestDevices compares several devices, which share each batch, with one, in float64: the losses of three iterations differ
// by 1e-15.
//
// In float32 the rounding errors grow quickly. The GAN's losses differ by 3e-7 in 30 iterations, the LSGAN's by 2e-5 in 20,
// the DCGAN's by 2e-4 after three and 7e-3 after six.
func TestDevices(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: it compiles each model twice")
	}
	t.Parallel()
	for _, c := range []struct {
		model   string
		devices int
	}{{"gan", 4}, {"dcgan", 2}} {
		t.Run(c.model, func(t *testing.T) {
			t.Parallel()
			play := func(devices int) []float64 {
				config, err := gan.Preset(c.model, rng.NewTorch(231))
				require.NoError(t, err)
				if c.model == "dcgan" {
					config.D, config.G = narrow(config.Stream)
				}
				nn.Double(append(config.D.Params(), config.G.Params()...))
				config.Images = realImages(t)
				o := training.Options{BatchSize: 16, Iters: 3, Devices: devices}
				r, err := training.Run(context.Background(), testbackend.Several(t, devices), config, o)
				require.NoError(t, err)
				return append(r.Losses[0], r.Losses[1]...)
			}
			require.InEpsilonSlice(t, play(1), play(c.devices), 1e-12)
		})
	}
}

// narrow returns networks with the layers of the DCGAN and few channels.
func narrow(s *rng.Torch) (d, g *nn.Network) {
	d = nn.Sequential(
		nn.Unflatten(1, gan.Side, gan.Side), nn.Conv2d(1, 2, 5, s), nn.LeakyReLU(0.01), nn.MaxPool2d(), nn.Conv2d(2, 3, 5, s), nn.LeakyReLU(0.01),
		nn.MaxPool2d(), nn.Flatten(), nn.Linear(4*4*3, 1, s),
	)
	g = nn.Sequential(
		nn.Linear(gan.NoiseDim, 7*7*3, s), nn.ReLU(), nn.BatchNorm(7*7*3), nn.Unflatten(3, 7, 7), nn.ConvTranspose2d(3, 2, 4, s), nn.ReLU(),
		nn.BatchNorm(2), nn.ConvTranspose2d(2, 1, 4, s), nn.TanH(), nn.Flatten(),
	)
	return d, g
}

// TestDevicesChange resumes a run on a different number of devices. A number that is refused leaves the run unchanged.
func TestDevicesChange(t *testing.T) {
	t.Parallel()
	testbackend.Several(t, 2)
	_, want := uninterrupted(t)
	dir := t.TempDir()
	for _, part := range []struct{ devices, until int }{{1, 5}, {2, 11}, {1, 18}} {
		o := options(dir)
		o.Resume, o.Devices, o.Iters = true, part.devices, part.until
		got := train(t, small(t), o)
		require.Equal(t, part.until, got.Iteration)
		require.InEpsilonSlice(t, want.Losses[0][:part.until], got.Losses[0], 1e-5)
		require.InEpsilonSlice(t, want.Losses[1][:part.until], got.Losses[1], 1e-5)
		for i, samples := range got.Samples {
			for j, image := range samples.Images {
				require.InDeltaSlice(t, want.Samples[i].Images[j], image, 1e-5)
			}
		}
	}
	o := options(dir)
	o.Devices = 3
	_, err := training.Run(context.Background(), testbackend.Get(t), small(t), o)
	require.ErrorContains(t, err, "3 devices cannot share a batch of 16 evenly")
	kept, err := gan.Load(training.Folder(dir), nil, nil)
	require.NoError(t, err)
	require.Len(t, kept.Losses[0], 18)
}
