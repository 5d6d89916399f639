package captions

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSource keeps pictures out of the data folder, which a class shares and cannot write.
func TestSource(t *testing.T) {
	t.Setenv("CS231N_DATA", t.TempDir())
	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	images := source()
	require.Equal(t, filepath.Join(cache, "cs231n", "pictures"), images.CacheDir)
	require.Equal(t, os.Getenv("CS231N_DATA"), images.Dir)
}
