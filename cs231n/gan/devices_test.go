package gan_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/gan"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
)

// TestDevicesTakeTurns goes on with a run on another number of devices, which its checkpoint does not depend on. What they
// refuse leaves the run where it is.
func TestDevicesTakeTurns(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: it trains four times")
	}
	t.Parallel()
	backend := testbackend.Several(t, 2)
	want, err := gan.Train(context.Background(), backend, tiny(t, ""))
	require.NoError(t, err)

	dir := t.TempDir()
	for _, turn := range []struct{ devices, until int }{{1, 5}, {2, 11}, {1, 18}} {
		c := tiny(t, dir)
		c.Resume, c.Devices, c.Iters = true, turn.devices, turn.until
		got, err := gan.Train(context.Background(), backend, c)
		require.NoError(t, err)
		require.Equal(t, turn.until, got.Iteration)
		require.InEpsilonSlice(t, want.D[:turn.until], got.D, 1e-5)
		require.InEpsilonSlice(t, want.G[:turn.until], got.G, 1e-5)
		for i, samples := range got.Samples {
			for j, image := range samples.Images {
				require.InDeltaSlice(t, want.Samples[i].Images[j], image, 1e-5)
			}
		}
	}

	c := tiny(t, dir)
	c.Devices = 3
	_, err = gan.Train(context.Background(), backend, c)
	require.ErrorContains(t, err, "gan: 3 devices cannot share a batch of 16 evenly")
	kept, err := gan.Load(c.Dir, nil, nil)
	require.NoError(t, err)
	require.Len(t, kept.D, 18)
}
