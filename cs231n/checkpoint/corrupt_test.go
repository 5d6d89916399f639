package checkpoint_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/checkpoint"
	"github.com/cs231n-go/assignment3/cs231n/internal/faults"
)

// TestCorruptCheckpoint damages a checkpoint at random. Load must refuse it with a one-line error, or return the original
// content, and use little memory. It is not parallel, since it measures the memory of the whole process.
func TestCorruptCheckpoint(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.safetensors")
	require.NoError(t, checkpoint.Save(path, exampleStore(), progress{3}))
	good, err := os.ReadFile(path)
	require.NoError(t, err)
	random := faults.Random()
	n, refused := faults.Count(300, 2000), 0
	for range n {
		require.NoError(t, os.WriteFile(path, faults.Damage(random, good), 0o600))
		faults.RequireLittleMemory(t, 4<<20, func() {
			if requireSoundOrRefused(t, path) {
				refused++
			}
		})
	}
	faults.ReportDamaged(t, "checkpoints", n, refused)
}

// FuzzLoad loads files of any content.
func FuzzLoad(f *testing.F) {
	path := filepath.Join(f.TempDir(), "x.safetensors")
	require.NoError(f, checkpoint.Save(path, exampleStore(), progress{3}))
	good, err := os.ReadFile(path)
	require.NoError(f, err)
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\x7f{}"))
	f.Add([]byte("\x02\x00\x00\x00\x00\x00\x00\x00{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "x.safetensors")
		require.NoError(t, os.WriteFile(path, data, 0o600))
		requireSoundOrRefused(t, path)
	})
}

// requireSoundOrRefused loads a damaged checkpoint. It reports whether Load refused it.
func requireSoundOrRefused(t *testing.T, path string) bool {
	t.Helper()
	var p progress
	store, err := checkpoint.Load(path, &p)
	if err != nil {
		require.Regexp(t, `\Acheckpoint [^\n]+; remove it to start over\z`, err)
		require.ErrorContains(t, err, path)
		return true
	}
	require.Equal(t, progress{3}, p)
	for v := range exampleStore().IterVariables() {
		require.True(t, v.MustValue().Equal(store.GetVariable(v.Path()).MustValue()), v.Path())
	}
	return false
}
