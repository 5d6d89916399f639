package training_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

func TestShare(t *testing.T) {
	t.Parallel()
	backend := testbackend.Several(t, 4)
	there := backend.NumDevices()
	for _, c := range []struct {
		count, batch int
		says         string // empty where it is right
	}{
		{0, 25, ""},
		{1, 25, ""},
		{2, 128, ""},
		{4, 128, ""},
		{-1, 128, fmt.Sprintf("-1 devices are asked for and the backend xla has %d; choose a number from 1 to %[1]d", there)},
		{there + 1, 128, fmt.Sprintf("%d devices are asked for and the backend xla has %d; choose a number from 1 to %[2]d", there+1, there)},
		{3, 128, "3 devices cannot share a batch of 128 evenly; choose a batch that is a multiple of 3, or another number of devices"},
		{2, 25, "2 devices cannot share a batch of 25 evenly"},
	} {
		_, err := training.Share(backend, c.count, c.batch)
		if c.says == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, c.says)
	}
}
