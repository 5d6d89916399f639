package coco_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/internal/faults"
)

// roomy is a data set with enough features to fill a small disk.
func roomy() *coco.Data {
	d := fetchable()
	for _, s := range []*coco.Split{&d.Train, &d.Val} {
		s.Dim = 5000
		s.Features = make([]float32, s.Images()*s.Dim)
		for i := range s.Features {
			s.Features[i] = float32(i%1000) / 7
		}
	}
	return d
}

// TestFullDiskWrite writes a data set to a full disk. The incomplete folder is not mistaken for a data set.
func TestFullDiskWrite(t *testing.T) {
	disk := faults.NewDisk(t, 1<<20)
	dir := filepath.Join(disk.Dir, "data")
	d := roomy()
	done := false
	disk.Exhaust(t, "data sets", faults.Count(5, 20), 420_000, func() error {
		err := coco.Write(dir, d)
		done = err == nil
		return err
	}, func() {
		if done {
			got, err := coco.Load(dir, coco.Options{})
			require.NoError(t, err)
			require.Equal(t, d, got)
		} else {
			require.False(t, coco.Present(dir))
		}
		require.NoError(t, os.RemoveAll(dir))
	})
}

// TestFullDiskFetch downloads and unpacks to a full disk. Once there is room, the same call resumes.
func TestFullDiskFetch(t *testing.T) {
	from := t.TempDir()
	require.NoError(t, coco.Write(from, roomy()))
	files := map[string][]byte{}
	for _, name := range list(t, from) {
		data, err := os.ReadFile(filepath.Join(from, name))
		require.NoError(t, err)
		files[name] = data
	}
	s := serve(t, &server{archive: archive(t, files, nil), etag: `"1"`})
	disk := faults.NewDisk(t, 2<<20)
	dir := filepath.Join(disk.Dir, "data")
	disk.Exhaust(t, "downloads of COCO", faults.Count(3, 15), 820_000, func() error {
		_, err := fetcher(s.URL).Fetch(t.Context(), dir)
		if err != nil {
			return err
		}
		got, err := coco.Load(dir, coco.Options{})
		require.NoError(t, err)
		require.Equal(t, roomy(), got)
		return os.RemoveAll(dir)
	}, func() {})
}
