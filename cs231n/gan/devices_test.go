package gan_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/gan"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// TestDevices compares the losses of several devices, which share the assignment's batches, with those of one. The
// tolerances are those of [TestCurves] or tighter. Seen are 3e-7 for the GAN in 30 iterations. The LSGAN with two devices
// passes 1e-5 at iteration 9 (1.1e-5), and the DCGAN at iteration 2 (1.8e-5).
func TestDevices(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: it compiles each model three times")
	}
	images := realImages(t)
	for _, c := range []struct {
		model     string
		iters     int
		tolerance float64
	}{
		{"gan", 30, 1e-5},
		{"lsgan", 20, 1e-4},
		{"dcgan", 3, 1e-4},
	} {
		train := func(t *testing.T, devices int) *gan.Result {
			config, err := gan.Preset(c.model, rng.NewTorch(231))
			require.NoError(t, err)
			config.Images, config.Iters, config.Devices = images, c.iters, devices
			r, err := gan.Train(context.Background(), testbackend.Get(t), config)
			require.NoError(t, err)
			return r
		}
		t.Run(c.model, func(t *testing.T) {
			t.Parallel()
			one := train(t, 1)
			for _, devices := range []int{2, 4} {
				several := train(t, devices)
				require.InEpsilonSlice(t, one.D, several.D, c.tolerance, "%d devices", devices)
				require.InEpsilonSlice(t, one.G, several.G, c.tolerance, "%d devices", devices)
				for i, sample := range one.Samples[0].Images {
					require.InDeltaSlice(t, sample, several.Samples[0].Images[i], 1e-4)
				}
			}
		})
	}
}

// TestDevicesTakeTurns goes on with a run on another number of devices: a checkpoint does not depend on it.
func TestDevicesTakeTurns(t *testing.T) {
	t.Parallel()
	backend := testbackend.Get(t)
	want, err := gan.Train(context.Background(), backend, tiny(t, ""))
	require.NoError(t, err)
	dir := t.TempDir()
	var got *gan.Result
	for _, turn := range []struct{ devices, until int }{{4, 5}, {1, 8}, {2, 18}} {
		c := tiny(t, dir)
		c.Resume, c.Devices, c.Iters = true, turn.devices, turn.until
		got, err = gan.Train(context.Background(), backend, c)
		require.NoError(t, err)
		require.Equal(t, turn.until, got.Iteration)
	}
	require.InEpsilonSlice(t, want.D, got.D, 1e-5)
	require.InEpsilonSlice(t, want.G, got.G, 1e-5)
}

func TestDevicesRefuse(t *testing.T) {
	t.Parallel()
	kept := tiny(t, t.TempDir())
	kept.Iters = 1
	_, err := gan.Train(context.Background(), testbackend.Get(t), kept)
	require.NoError(t, err)
	for devices, says := range map[int]string{
		-1: "-1 devices are asked for",
		64: "64 devices are asked for and the backend xla has 4; choose a number from 1 to 4",
		3:  "3 devices cannot share a batch of 16 evenly; choose a batch that is a multiple of 3",
	} {
		c := tiny(t, string(kept.Dir))
		c.Devices = devices
		_, err := gan.Train(context.Background(), testbackend.Get(t), c)
		require.ErrorContains(t, err, says)
	}
	require.NoDirExists(t, string(kept.Dir)+"/previous", "what is refused moves no run aside")
	_, err = gan.Load(kept.Dir, nil, nil)
	require.NoError(t, err)
}
