package coco_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/internal/faults"
)

// TestCorruptData damages one file of a data set at random: the set is loaded, with all of its parts fitting together,
// or refused in one line that names the folder.
func TestCorruptData(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what, from, file string
		few, many        int
	}{
		{"HDF5 files, plain", byH5py, "coco2014_captions.h5", 10, 700},
		{"HDF5 files, plain", byH5py, "train2014_vgg16_fc7_pca.h5", 10, 700},
		{"HDF5 files, compressed", "testdata/tiny", "coco2014_captions.h5", 30, 1000},
		{"HDF5 files, compressed", "testdata/tiny", "val2014_vgg16_fc7_pca.h5", 30, 1000},
		{"vocabularies", byH5py, "coco2014_vocab.json", 10, 300},
		{"lists of addresses", byH5py, "val2014_urls.txt", 10, 300},
	} {
		t.Run(c.file, func(t *testing.T) {
			t.Parallel()
			good, err := os.ReadFile(filepath.Join(c.from, c.file))
			require.NoError(t, err)
			random := faults.Random()
			n := faults.Count(c.few, c.many)
			var refused, crashes atomic.Int32
			inputs := make(chan []byte)
			var readers sync.WaitGroup
			for range 2 { // most of the time a reader waits for a process
				readers.Go(func() {
					dir := t.TempDir()
					require.NoError(t, os.CopyFS(dir, os.DirFS(c.from)))
					for bad := range inputs {
						require.NoError(t, os.WriteFile(filepath.Join(dir, c.file), bad, 0o600))
						d, err := coco.Load(dir, coco.Options{})
						if err == nil {
							require.NoError(t, coco.Write(t.TempDir(), d), "what is loaded does not fit together")
							continue
						}
						requireLine(t, err, dir)
						refused.Add(1)
						if strings.Contains(err.Error(), "library crashes") {
							crashes.Add(1)
						}
					}
				})
			}
			for range n {
				inputs <- faults.Damage(random, good)
			}
			close(inputs)
			readers.Wait()
			t.Logf("%d times the HDF5 library crashed", crashes.Load())
			faults.ReportDamaged(t, c.what, n, int(refused.Load()))
		})
	}
}
