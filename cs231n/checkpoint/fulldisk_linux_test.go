package checkpoint_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/checkpoint"
	"github.com/cs231n-go/assignment3/cs231n/internal/faults"
)

// TestFullDisk saves to a full disk. The old checkpoint is unchanged, as the error reports.
func TestFullDisk(t *testing.T) {
	const size = 1 << 20
	disk := faults.NewDisk(t, 4*size)
	path := filepath.Join(disk.Dir, "x.safetensors")
	store := model.NewStore()
	store.VariableWithValue("/large", make([]float32, size/4))
	saved := 0
	require.NoError(t, checkpoint.Save(path, store, progress{saved}))
	disk.Exhaust(t, "checkpoints", faults.Count(3, 20), size, func() error {
		err := checkpoint.Save(path, store, progress{saved + 1})
		if err == nil {
			saved++
		} else {
			require.ErrorContains(t, err, "a previous one is unchanged")
		}
		return err
	}, func() {
		var p progress
		_, err := checkpoint.Load(path, &p)
		require.NoError(t, err)
		require.Equal(t, saved, p.Step)
		entries, err := os.ReadDir(disk.Dir)
		require.NoError(t, err)
		require.Len(t, entries, 1, "no temporary file stays behind")
	})
}
