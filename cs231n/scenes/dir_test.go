package scenes_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/scenes"
)

// TestDir looks for the data in the documented order.
func TestDir(t *testing.T) {
	root := t.TempDir()
	t.Setenv("CS231N_ROOT", "")
	t.Setenv("CS231N_QUICK", "1")
	t.Setenv("CS231N_DATA", "named")
	var log bytes.Buffer
	steps, total := 0, 0
	find := func(root string) string {
		log.Reset()
		dir, err := scenes.Dir(t.Context(), root, &log, func(done, all int) { steps, total = done, all })
		require.NoError(t, err)
		return dir
	}
	require.Equal(t, "named", find(root))

	t.Setenv("CS231N_DATA", "")
	made := filepath.Join(root, "datasets", "scenes-quick")
	require.Equal(t, made, find(root))
	require.Equal(t, "COCO is not in datasets/coco_captioning: making the scenes data set in datasets/scenes-quick, once.\n", log.String())
	require.Positive(t, total)
	require.Equal(t, total, steps)
	require.True(t, scenes.Ready(made, scenes.Options{Train: 400, Val: 100}))

	steps = 0
	t.Setenv("CS231N_ROOT", root)
	require.Equal(t, made, find("/no/such/folder"), "the environment takes precedence over the argument, and the existing data is found")
	require.Zero(t, steps)
	require.Empty(t, log.String())

	coco := filepath.Join(root, "datasets", "coco_captioning")
	require.NoError(t, os.CopyFS(coco, os.DirFS("../captioning/testdata/small")))
	require.Equal(t, coco, find(root))

	t.Setenv("CS231N_ROOT", "")
	t.Setenv("CS231N_QUICK", "")
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	other := t.TempDir()
	dir, err := scenes.Dir(canceled, other, &log, nil)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, filepath.Join(other, "datasets", "scenes"), dir, "of the default size")
	require.NoDirExists(t, dir)
}
