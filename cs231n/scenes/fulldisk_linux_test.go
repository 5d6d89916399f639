package scenes_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/internal/faults"
	"github.com/cs231n-go/assignment3/cs231n/scenes"
)

// TestFullDisk makes a data set on a full disk: no file is left.
func TestFullDisk(t *testing.T) {
	const need = 600_000
	disk := faults.NewDisk(t, 2<<20)
	dir := filepath.Join(disk.Dir, "scenes")
	disk.Exhaust(t, "scenes", faults.Count(1, 10), need, func() error {
		if err := scenes.Make(t.Context(), dir, small()); err != nil {
			return err
		}
		require.True(t, scenes.Ready(dir, small()))
		return os.RemoveAll(dir)
	}, func() {
		left, err := os.ReadDir(disk.Dir)
		require.NoError(t, err)
		require.Empty(t, left)
	})
}
