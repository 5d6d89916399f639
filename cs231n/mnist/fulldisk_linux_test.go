package mnist

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/internal/faults"
)

// TestFullDisk downloads where there is no room for all archives: those that are there are whole, and the same call
// goes on once there is room.
func TestFullDisk(t *testing.T) {
	web, _ := mirror(t)
	disk := faults.NewDisk(t, 16<<20)
	dir := filepath.Join(disk.Dir, "mnist")
	disk.Exhaust(t, "downloads of MNIST", faults.Count(1, 10), 11_000_000, func() error {
		if err := (Fetcher{Mirrors: []string{web}}).Fetch(t.Context(), dir); err != nil {
			return err
		}
		_, test, err := Load(dir)
		require.NoError(t, err)
		require.Equal(t, 10000, test.N)
		return os.RemoveAll(dir)
	}, func() {
		for _, a := range archives() {
			path := filepath.Join(dir, a.name)
			if _, err := os.Stat(path); err == nil {
				require.True(t, isSound(a, path))
			}
		}
	})
}
