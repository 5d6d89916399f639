package coco

import (
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/hdf5"
)

// h5 writes a file that fill fills.
func h5(t testing.TB, dir, name string, fill func(f *hdf5.File) error) {
	t.Helper()
	require.NoError(t, os.MkdirAll(dir, 0o755))
	require.NoError(t, writeHDF5(filepath.Join(dir, name), fill))
}

// TestHDF5Refuses reads data sets with a wrong name, type, shape or content.
func TestHDF5Refuses(t *testing.T) {
	t.Parallel()
	nan := float32(math.NaN())
	for _, c := range []struct {
		name string
		file string
		fill func(f *hdf5.File) error
		says string
	}{
		{"another name", "features.h5", func(f *hdf5.File) error { return writeSet(f, "feature", []float32{1}, 1, 1) }, "data set features is missing"},
		{"another type", "features.h5", func(f *hdf5.File) error { return writeSet(f, "features", []int32{1, 2}, 1, 2) }, "does not hold float32"},
		{"another rank", "features.h5", func(f *hdf5.File) error { return writeSet(f, "features", []float32{1, 2}, 2) }, "has 1 axes instead of 2"},
		{"not a number", "features.h5", func(f *hdf5.File) error { return writeSet(f, "features", []float32{1, 2, nan, 4}, 2, 2) }, "image 1 of the train split has the feature NaN"},
		{"infinite", "features.h5", func(f *hdf5.File) error {
			return writeSet(f, "features", []float32{float32(math.Inf(-1)), 2, 3, 4}, 2, 2)
		}, "image 0 of the train split has the feature -Inf"},
		{"other images", "features.h5", func(f *hdf5.File) error { return writeSet(f, "features", []float32{1, 2, 3}, 3, 1) }, "has 3 images, but the list of addresses beside it 2"},
		{"captions of floats", "captions.h5", func(f *hdf5.File) error { return writeSet(f, "train_captions", []float32{1, 2}, 1, 2) }, "train_captions does not hold int32 or int64"},
		{"a word too large for 32 bits", "captions.h5", func(f *hdf5.File) error {
			return writeSet(f, "train_captions", []int64{1, 1 << 32}, 1, 2)
		}, "train_captions holds 4294967296 in row 0, which does not fit 32 bits"},
		{"no images", "captions.h5", func(f *hdf5.File) error { return writeSet(f, "train_captions", []int32{1, 2}, 1, 2) }, "train_image_idxs is missing"},
		{"images of other captions", "captions.h5", func(f *hdf5.File) error {
			if err := writeSet(f, "train_captions", []int32{1, 2}, 1, 2); err != nil {
				return err
			}
			return writeSet(f, "train_image_idxs", []int32{0, 1}, 2)
		}, "2 words for 2 captions of 2"},
		{"an image outside", "captions.h5", func(f *hdf5.File) error {
			if err := writeSet(f, "train_captions", []int64{1, 2}, 1, 2); err != nil {
				return err
			}
			return writeSet(f, "train_image_idxs", []int32{2}, 1)
		}, "caption 0 of the train split belongs to image 2 of 2"},
		{"captions of one word", "captions.h5", func(f *hdf5.File) error {
			if err := writeSet(f, "train_captions", []int32{1, 2}, 2, 1); err != nil {
				return err
			}
			return writeSet(f, "train_image_idxs", []int32{0, 1}, 2)
		}, "2 words for 2 captions of 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			h5(t, dir, c.file, c.fill)
			path := filepath.Join(dir, c.file)
			s := &Split{URLs: []string{"a", "b"}}
			var err error
			if c.file == "features.h5" {
				err = s.loadFeatures(path, "train")
			} else {
				err = openHDF5(path, func(r *reader) error { return s.loadCaptions(r, "train", 10) })
			}
			require.ErrorContains(t, err, c.says)
			require.ErrorContains(t, err, path)
			require.NotContains(t, err.Error(), "\n")
		})
	}
}

// TestClaims reads a file whose header claims more than it can hold.
func TestClaims(t *testing.T) {
	t.Parallel()
	for size, dims := range map[int64][]int{2048: {1 << 40, 1 << 40}, 1000: {leastBytes / 8, 3}, 1 << 20: {1 << 20, maxRatio/4 + 1}} {
		r := &reader{path: "small.h5", size: size}
		_, err := read[float32](set{nil, r, "features", dims})
		require.ErrorContains(t, err, "cannot hold")
	}
}

// TestNothingHalfWritten fails in the middle of writing.
func TestNothingHalfWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	err := writeHDF5(filepath.Join(dir, "x.h5"), func(f *hdf5.File) error {
		if err := writeSet(f, "features", []float32{1}, 1, 1); err != nil {
			return err
		}
		return fmt.Errorf("out of luck")
	})
	require.ErrorContains(t, err, "out of luck")
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries)
}

// FuzzVocab reads vocabularies with any content. Those that are accepted are consistent.
func FuzzVocab(f *testing.F) {
	f.Add([]byte(`{"idx_to_word": ["<NULL>", "<START>", "<END>"], "word_to_idx": {"<NULL>": 0, "<START>": 1, "<END>": 2}}`))
	f.Add([]byte(`{"idx_to_word": null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "vocab.json")
		require.NoError(t, os.WriteFile(path, data, 0o600))
		v, err := loadVocab(path)
		if err != nil {
			return
		}
		for word, id := range v.IDs {
			require.Equal(t, word, v.Words[id])
		}
	})
}

// TestSilence reads damaged files in a child process. HDF5 does not print its error stack.
func TestSilence(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	require.NoError(t, err)
	var printed strings.Builder
	command := exec.CommandContext(t.Context(), self, "-test.run", "^(TestLoadRefuses|TestHDF5Refuses)$")
	command.Stderr = &printed
	require.NoError(t, command.Run())
	require.NotContains(t, printed.String(), "HDF5")
}

// FuzzHDF5 changes single bytes of files of plain data sets: they are read, or refused with an error, and
// nothing crashes. (HDF5 1.10 crashes on some damaged compressed data.)
func FuzzHDF5(f *testing.F) {
	dir := f.TempDir()
	h5(f, dir, "features.h5", func(file *hdf5.File) error {
		return writeSet(file, "features", []float32{1, 2, 3, 4, 5, 6}, 3, 2)
	})
	h5(f, dir, "captions.h5", func(file *hdf5.File) error {
		return errors.Join(
			writeSet(file, "train_captions", []int64{1, 3, 2, 1, 2, 0}, 2, 3),
			writeSet(file, "train_image_idxs", []int32{2, 0}, 2),
		)
	})
	features, err := os.ReadFile(filepath.Join(dir, "features.h5"))
	require.NoError(f, err)
	captions, err := os.ReadFile(filepath.Join(dir, "captions.h5"))
	require.NoError(f, err)
	f.Add(uint(9), byte(1))
	f.Add(uint(48), byte(0xff))
	f.Add(uint(len(features)-1), byte(7))
	f.Add(uint(len(captions)-1), byte(7))
	f.Fuzz(func(t *testing.T, at uint, change byte) {
		damaged := func(good []byte) string {
			data := slices.Clone(good)
			data[at%uint(len(data))] ^= change
			path := filepath.Join(t.TempDir(), "x.h5")
			require.NoError(t, os.WriteFile(path, data, 0o644))
			return path
		}
		s := &Split{URLs: []string{"a", "b", "c"}}
		if err := s.loadFeatures(damaged(features), "train"); err == nil {
			require.Len(t, s.Features, 3*s.Dim)
		}
		err := openHDF5(damaged(captions), func(r *reader) error { return s.loadCaptions(r, "train", 4) })
		if err != nil {
			return
		}
		require.Len(t, s.Captions, s.Len()*s.Length)
		require.Less(t, slices.Max(s.Captions), int32(4))
		require.GreaterOrEqual(t, slices.Min(s.Captions), int32(0))
		require.Less(t, slices.Max(s.ImageIdxs), int32(3))
	})
}
