package display_test

import (
	"image"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/display"
	"github.com/cs231n-go/assignment3/cs231n/internal/faults"
)

// TestFullDisk saves an image to a full disk. The old one is unchanged.
func TestFullDisk(t *testing.T) {
	disk := faults.NewDisk(t, 1<<20)
	picture := image.NewGray(image.Rect(0, 0, 200, 200))
	for i := range picture.Pix {
		picture.Pix[i] = uint8(rand.Uint32())
	}
	path := filepath.Join(disk.Dir, "x.png")
	require.NoError(t, display.SavePNG(path, picture))
	disk.Exhaust(t, "pictures", faults.Count(3, 10), len(picture.Pix), func() error {
		return display.SavePNG(path, picture)
	}, func() {
		got, err := display.Open(path)
		require.NoError(t, err)
		require.Equal(t, picture, got)
	})
}
