package captioning_test

import (
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/captioning"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// shared prepares a short float64 run for two or four devices. Its learning rate changes during the run.
func shared(t *testing.T, kind string) (captioning.Solver, training.Options, captioning.Sampler) {
	t.Helper()
	var s captioning.Solver
	var m captioning.Sampler
	if kind == "transformer" {
		s, m = seeded(t, dtypes.Float64, withDropout)
	} else {
		c := goldens(t)
		s, m = c.solver(t, kind, "adam", dtypes.Float64)
	}
	s.LRDecay = 0.9
	return s, training.Options{BatchSize: 12, Iters: 10, SaveEvery: 5}, m
}

// TestDevices compares several devices, which share each batch, with one. In float64 the losses differ by less than 1e-12.
func TestDevices(t *testing.T) {
	slow(t)
	t.Parallel()
	testbackend.Several(t, 4)
	for _, c := range []struct {
		kind    string
		devices int
	}{{"rnn", 4}, {"lstm", 2}, {"transformer", 4}} {
		t.Run(c.kind, func(t *testing.T) {
			t.Parallel()
			losses := func(devices int) []float64 {
				s, o, _ := shared(t, c.kind)
				o.Devices = devices
				return train(t, s, o).Losses[0]
			}
			require.InEpsilonSlice(t, losses(1), losses(c.devices), 1e-12)
		})
	}
}

// TestDevicesChange resumes a run on a different number of devices. The model then generates the same captions as one that
// was trained on a single device.
func TestDevicesChange(t *testing.T) {
	slow(t)
	t.Parallel()
	backend := testbackend.Several(t, 2)
	s, o, alone := shared(t, "rnn")
	want := train(t, s, o)

	folder := training.Folder(t.TempDir())
	var m captioning.Sampler
	for _, turn := range []struct{ devices, until int }{{1, 3}, {2, 7}, {1, 10}} {
		s, o, m = shared(t, "rnn")
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
