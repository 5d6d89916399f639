package captioning_test

import (
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/captioning"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// TestDevices trains on two devices, which share each batch. The losses are those of NumPy and PyTorch on a single device.
func TestDevices(t *testing.T) {
	slow(t)
	t.Parallel()
	testbackend.Several(t, 2)
	o := training.Options{BatchSize: 10, Iters: 10, Devices: 2}
	t.Run("lstm", func(t *testing.T) {
		t.Parallel()
		c := goldens(t)
		s, _ := c.solver(t, "lstm", "adam", dtypes.Float64)
		require.InEpsilonSlice(t, c.losses(t, "lstm", "adam", "float64")[:o.Iters], train(t, s, o).Losses[0], 1e-12)
	})
	t.Run("transformer with dropout", func(t *testing.T) {
		t.Parallel()
		s, _ := seeded(t, dtypes.Float32, withDropout)
		require.InEpsilonSlice(t, transformerGoldens(t).Runs[0].Losses[:o.Iters], train(t, s, o).Losses[0], 1e-5)
	})
}

// TestDevicesChange resumes a run on a different number of devices. The model then generates the same captions as one that
// was trained on a single device. In float64 the losses differ by less than 1e-12.
func TestDevicesChange(t *testing.T) {
	slow(t)
	t.Parallel()
	backend := testbackend.Several(t, 4)
	begin := func() (captioning.Solver, training.Options, captioning.Sampler) {
		c := goldens(t)
		s, m := c.solver(t, "rnn", "adam", dtypes.Float64)
		s.LRDecay = 0.9
		return s, training.Options{BatchSize: 12, Iters: 10, SaveEvery: 5}, m
	}
	s, o, alone := begin()
	want := train(t, s, o)

	folder := training.Folder(t.TempDir())
	var m captioning.Sampler
	for _, turn := range []struct{ devices, until int }{{1, 3}, {4, 7}, {1, 10}} {
		s, o, m = begin()
		o.Folder, o.Resume, o.Devices, o.Iters = folder, true, turn.devices, turn.until
		got := train(t, s, o)
		require.Equal(t, turn.until, got.Iteration)
		require.InEpsilonSlice(t, want.Losses[0][:turn.until], got.Losses[0], 1e-12)
	}
	features := s.Data.Val.Features
	captions, err := m.Sample(backend, features, captioning.SampleOptions{Length: 5})
	require.NoError(t, err)
	expected, err := alone.Sample(backend, features, captioning.SampleOptions{Length: 5})
	require.NoError(t, err)
	require.Equal(t, expected, captions)
}
