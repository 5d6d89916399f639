package fetch_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/fetch"
	"github.com/cs231n-go/assignment3/cs231n/internal/faults"
)

// TestCorruptPicture damages pictures at random: each is a picture within the limits or an error in one line, and none
// takes much memory. Not parallel, since it measures the memory of the whole process.
func TestCorruptPicture(t *testing.T) {
	random := faults.Random()
	const address = "http://host/picture"
	for _, format := range []string{"png", "jpeg", "gif"} {
		good := encoded(t, format)
		n, refused := faults.Count(200, 700), 0
		for range n {
			bad := faults.Damage(random, good)
			images := fetch.Images{
				Requests:  fetch.Requests{Client: &http.Client{Transport: answer{http.StatusOK, int64(len(bad)), bad}}, Retries: -1},
				MaxPixels: 1 << 20,
			}
			// Eight bytes for each pixel at most, and the memory of the decoder.
			faults.RequireLittleMemory(t, 32<<20, func() {
				img, err := images.Get(t.Context(), address)
				if err != nil {
					refused++
					requireError(t, err, address)
					return
				}
				require.LessOrEqual(t, img.Bounds().Dx()*img.Bounds().Dy(), 1<<20)
			})
		}
		faults.ReportDamaged(t, "pictures, "+format, n, refused)
	}
}
