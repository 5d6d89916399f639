package captioning_test

import (
	"context"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/captioning"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// shared begins a short run in double precision that two devices can share, and four. Its learning rate changes on the way.
func shared(t *testing.T, kind string) (captioning.Solver, captioning.Sampler) {
	t.Helper()
	var s captioning.Solver
	var m captioning.Sampler
	if kind == "transformer" {
		s, m = seeded(t, dtypes.Float64, captioning.FromStream)
	} else {
		c := goldens(t)
		s, m = c.solver(t, kind, "adam", dtypes.Float64)
	}
	s.BatchSize, s.Iters, s.SaveEvery, s.LRDecay = 12, 10, 5, 0.9
	return s, m
}

// TestDevices compares several devices, which share each batch, with one. In double precision rounding is all that is left
// of a difference, and it stays below 1e-12.
func TestDevices(t *testing.T) {
	slow(t)
	t.Parallel()
	backend := testbackend.Several(t, 4)
	for _, c := range []struct {
		kind    string
		devices int
	}{{"rnn", 4}, {"lstm", 2}, {"transformer", 4}} {
		t.Run(c.kind, func(t *testing.T) {
			t.Parallel()
			train := func(devices int) []float64 {
				s, _ := shared(t, c.kind)
				s.Devices = devices
				r, err := s.Train(context.Background(), backend)
				require.NoError(t, err)
				return r.Loss
			}
			require.InEpsilonSlice(t, train(1), train(c.devices), 1e-12)
		})
	}
}

// TestDevicesTakeTurns goes on with a run on another number of devices, which its checkpoint does not depend on. The model
// says the same on one device as the one that never was on another.
func TestDevicesTakeTurns(t *testing.T) {
	slow(t)
	t.Parallel()
	backend := testbackend.Several(t, 2)
	s, alone := shared(t, "rnn")
	want, err := s.Train(context.Background(), backend)
	require.NoError(t, err)

	folder := training.Folder(t.TempDir())
	var m captioning.Sampler
	for _, turn := range []struct{ devices, until int }{{1, 3}, {2, 7}, {1, 10}} {
		s, m = shared(t, "rnn")
		s.Folder, s.Resume, s.Devices, s.Iters = folder, true, turn.devices, turn.until
		got, err := s.Train(context.Background(), backend)
		require.NoError(t, err)
		require.Equal(t, turn.until, got.Iteration)
		require.InEpsilonSlice(t, want.Loss[:turn.until], got.Loss, 1e-12)
	}
	features := s.Data.Val.Features
	says, err := m.Sample(backend, features, 5)
	require.NoError(t, err)
	expected, err := alone.Sample(backend, features, 5)
	require.NoError(t, err)
	require.Equal(t, expected, says)
}
