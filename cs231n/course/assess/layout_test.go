package assess_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/course/assess"
)

// TestFind finds the student's edition from a folder in it, and says what to do elsewhere.
func TestFind(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	inside := filepath.Join(root, "notebooks", "out")
	require.NoError(t, os.MkdirAll(inside, 0o755))
	_, err := assess.Find(inside)
	require.ErrorContains(t, err, inside+" is not in a student's copy of the assignment: neither it nor a folder above it has a folder .release; start")
	require.NoError(t, os.Mkdir(filepath.Join(root, assess.Release), 0o755))
	for _, dir := range []string{root, inside} {
		found, err := assess.Find(dir)
		require.NoError(t, err)
		require.Equal(t, root, found)
	}
}

// TestOpenElsewhere opens a folder that is no checkout.
func TestOpenElsewhere(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	_, err := assess.Open(folder)
	require.ErrorContains(t, err, folder+" is not a checkout of the assignment: start the command in the solved checkout")
}
