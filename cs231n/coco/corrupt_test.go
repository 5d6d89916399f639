package coco_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
			refused, crashes := 0, 0
			dir := t.TempDir()
			require.NoError(t, os.CopyFS(dir, os.DirFS(c.from)))
			for range n {
				require.NoError(t, os.WriteFile(filepath.Join(dir, c.file), faults.Damage(random, good), 0o600))
				d, err := coco.Load(dir, coco.Options{})
				if err == nil {
					require.NoError(t, coco.Write(filepath.Join(t.TempDir(), "again"), d), "the parts of the data set do not fit together")
					continue
				}
				requireLine(t, err, dir)
				refused++
				if strings.Contains(err.Error(), "library crashes") {
					crashes++
				}
			}
			t.Logf("%d times the HDF5 library crashed", crashes)
			faults.ReportDamaged(t, c.what, n, refused)
		})
	}
}

// TestCorruptArchive damages the course's archive, or a file before it is packed, at random: the unpacked files are those
// that were packed, or the archive is refused in one line and the folder is empty.
func TestCorruptArchive(t *testing.T) {
	t.Parallel()
	files := courseFiles(t)
	good := archive(t, files, nil)
	random := faults.Random()
	names := slices.Sorted(maps.Keys(files))
	for _, c := range []struct {
		what string
		bad  func() []byte
	}{
		{"archives", func() []byte { return faults.Damage(random, good) }},
		{"files in sound archives", func() []byte {
			name := names[random.IntN(len(names))]
			changed := maps.Clone(files)
			changed[name] = faults.Damage(random, files[name])
			return archive(t, changed, nil)
		}},
	} {
		n, refused := faults.Count(20, 500), 0
		for range n {
			bad := c.bad()
			f := coco.Fetcher{}
			f.Retries, f.Client = -1, &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
				w := httptest.NewRecorder()
				_, err := w.Write(bad)
				return w.Result(), err
			})}
			dir := filepath.Join(t.TempDir(), "data")
			if _, err := f.Fetch(t.Context(), dir); err != nil {
				refused++
				requireLine(t, err, "coco: fetch ")
				require.Empty(t, list(t, dir))
				continue
			}
			require.NoFileExists(t, filepath.Join(dir, "coco_captioning.zip.part"))
			if c.what == "archives" {
				for name, data := range files {
					got, err := os.ReadFile(filepath.Join(dir, name))
					require.NoError(t, err)
					require.Equal(t, data, got)
				}
			}
		}
		faults.ReportDamaged(t, c.what, n, refused)
	}
}

// TestCrash loads a file on which HDF5 1.10 crashes. HDF5 1.14 reads it, or reports an error.
func TestCrash(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS("testdata/tiny")))
	crash, err := os.ReadFile("testdata/crash.h5")
	require.NoError(t, err)
	path := filepath.Join(dir, "val2014_vgg16_fc7_pca.h5")
	require.NoError(t, os.WriteFile(path, crash, 0o600))
	d, err := coco.Load(dir, coco.Options{})
	if err != nil {
		requireLine(t, err, path, "; ") // HDF5 1.14 opens the file and finds no data set in it
		return
	}
	require.NoError(t, coco.Write(filepath.Join(dir, "again"), d), "the parts of the data set do not fit together")
}

// TestCorruptDownload damages a file of an interrupted download, the part or the note about it. The next call succeeds, or
// the one after it if the download has to start over.
func TestCorruptDownload(t *testing.T) {
	t.Parallel()
	s := serve(t, &server{archive: archive(t, courseFiles(t), nil), etag: `"1"`, cuts: []int{5000}})
	interrupted := t.TempDir()
	f := fetcher(s.URL)
	f.Retries = -1
	failing(t, f, interrupted)
	random := faults.Random()
	n, refused := faults.Count(10, 200), 0
	for i := range n {
		dir := t.TempDir()
		require.NoError(t, os.CopyFS(dir, os.DirFS(interrupted)))
		path := filepath.Join(dir, []string{"coco_captioning.zip.part", "coco_captioning.json"}[i%2])
		good, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, faults.Damage(random, good), 0o600))
		if _, err := f.Fetch(t.Context(), dir); err != nil {
			refused++
			requireLine(t, err, "coco: fetch ")
			_, err = f.Fetch(t.Context(), dir)
			require.NoError(t, err)
		}
		got, err := coco.Load(dir, coco.Options{})
		require.NoError(t, err)
		require.Equal(t, fetchable(), got)
	}
	faults.ReportDamaged(t, "half downloads", n, refused)
}
