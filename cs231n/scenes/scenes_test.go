package scenes_test

import (
	"context"
	"errors"
	"image/png"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/scenes"
)

func small() scenes.Options { return scenes.Options{Train: 48, Val: 12, Seed: 5} }

func mustMake(t *testing.T, dir string, o scenes.Options) *coco.Data {
	t.Helper()
	require.NoError(t, scenes.Make(t.Context(), dir, o))
	data, err := coco.Load(dir, coco.Options{})
	require.NoError(t, err)
	return data
}

func TestMake(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	dir := filepath.Join(parent, "new", "scenes")
	o := small()
	require.False(t, scenes.Ready(dir, o))
	data := mustMake(t, dir, o)
	require.True(t, scenes.Ready(dir, o))

	require.Equal(t, []string{coco.Null, coco.Start, coco.End, coco.Unknown}, data.Vocab.Words[:4])
	for _, test := range []struct {
		split coco.Split
		n     int
	}{{data.Train, o.Train}, {data.Val, o.Val}} {
		s := test.split
		require.Equal(t, test.n, s.Images())
		require.Equal(t, 5*test.n, s.Len())
		require.Equal(t, 17, s.Length)
		require.Equal(t, 512, s.Dim)
		images := make([]int, test.n)
		for i := range s.Len() {
			images[s.ImageIdxs[i]]++
			words := strings.Fields(data.Vocab.Decode(s.Caption(i)))
			assert.Equal(t, coco.Start, words[0])
			assert.Equal(t, coco.End, words[len(words)-1])
			assert.True(t, 2+4 <= len(words) && len(words) <= 2+15, "%q", words)
		}
		for _, n := range images {
			assert.Equal(t, 5, n)
		}
		for _, name := range s.URLs {
			file, err := os.Open(filepath.Join(dir, filepath.FromSlash(name)))
			require.NoError(t, err)
			img, err := png.Decode(file)
			require.NoError(t, errors.Join(err, file.Close()))
			assert.Equal(t, 96, img.Bounds().Dx())
		}
	}
	var sum, squares float64
	for _, v := range data.Train.Features {
		sum += float64(v)
		squares += float64(v) * float64(v)
	}
	n := float64(len(data.Train.Features))
	assert.InDelta(t, 0, sum/n, 1e-3)
	assert.InDelta(t, 1, squares/n, 0.05, "the features have the variance 1")
	left, err := os.ReadDir(filepath.Join(parent, "new"))
	require.NoError(t, err)
	assert.Len(t, left, 1, "nothing but the folder itself stays")
}

// tree returns the contents of the files in a folder, except those of HDF5, which contain the time.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) == ".h5" {
			return err
		}
		data, err := os.ReadFile(path)
		files[strings.TrimPrefix(path, dir)] = string(data)
		return err
	}))
	return files
}

// It changes GOMAXPROCS, so no other test may run beside it.
func TestSameWhateverTheProcessors(t *testing.T) {
	o := small()
	one, two, other := filepath.Join(t.TempDir(), "1"), filepath.Join(t.TempDir(), "2"), filepath.Join(t.TempDir(), "3")
	before := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(before)
	want := mustMake(t, one, o)
	runtime.GOMAXPROCS(2)
	require.Equal(t, want, mustMake(t, two, o))
	require.Equal(t, tree(t, one), tree(t, two))
	o.Seed++
	require.NotEqual(t, want.Train.Features, mustMake(t, other, o).Train.Features)
}

func TestMakeIsDoneOnce(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "scenes")
	require.NoError(t, os.Mkdir(dir, 0o755), "an empty folder is no hindrance")
	o := small()
	last, total := 0, 0
	o.Progress = func(done, of int) {
		assert.Greater(t, done, last)
		last, total = done, of
	}
	require.NoError(t, scenes.Make(t.Context(), dir, o))
	assert.Equal(t, total, last)

	path := filepath.Join(dir, "images", "train", "00003.png")
	before, err := os.Stat(path)
	require.NoError(t, err)
	last = 0
	require.NoError(t, scenes.Make(t.Context(), dir, o))
	assert.Equal(t, total, last)
	after, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, before.ModTime(), after.ModTime())

	for name, change := range map[string]func(*scenes.Options){
		"train": func(o *scenes.Options) { o.Train++ },
		"val":   func(o *scenes.Options) { o.Val-- },
		"seed":  func(o *scenes.Options) { o.Seed++ },
	} {
		different := small()
		change(&different)
		assert.False(t, scenes.Ready(dir, different), name)
		require.ErrorContains(t, scenes.Make(t.Context(), dir, different), "other options; delete it", name)
	}
}

// TestReadyIsCheap removes files: Ready looks at those of package coco, and Make at the pictures too.
func TestReadyIsCheap(t *testing.T) {
	t.Parallel()
	dir, o := filepath.Join(t.TempDir(), "scenes"), small()
	require.NoError(t, scenes.Make(t.Context(), dir, o))
	path := filepath.Join(dir, "images", "train", "00003.png")
	require.NoError(t, os.Truncate(path, 10))
	assert.True(t, scenes.Ready(dir, o), "looked at a picture")
	require.ErrorContains(t, scenes.Make(t.Context(), dir, o), "scenes: "+dir+" is damaged: images/train/00003.png has 10 bytes instead of ")
	require.NoError(t, os.Remove(path))
	assert.True(t, scenes.Ready(dir, o), "looked for a picture")
	require.ErrorContains(t, scenes.Make(t.Context(), dir, o), "no such file or directory; delete the folder and make it again")
	require.NoError(t, os.Truncate(filepath.Join(dir, "val2014_urls.txt"), 10))
	assert.False(t, scenes.Ready(dir, o), "a damaged list")
	require.NoError(t, os.Remove(filepath.Join(dir, "scenes.json")))
	assert.False(t, scenes.Ready(dir, o), "an incomplete folder")
	require.ErrorContains(t, scenes.Make(t.Context(), dir, o), "holds other files")
}

// BenchmarkReady times what each cell with captions begins with.
func BenchmarkReady(b *testing.B) {
	dir := filepath.Join(b.TempDir(), "scenes")
	require.NoError(b, scenes.Make(b.Context(), dir, scenes.Options{}))
	for b.Loop() {
		require.True(b, scenes.Ready(dir, scenes.Options{}))
	}
}

func TestMakeRefuses(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	file := filepath.Join(parent, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for _, test := range []struct {
		dir  string
		o    scenes.Options
		want string
	}{
		{parent, small(), "holds other files"},
		{file, small(), "file"},
		{filepath.Join(file, "below"), small(), "file"},
		{filepath.Join(parent, "x"), scenes.Options{Train: 1}, "want at least 2 pictures for training"},
		{filepath.Join(parent, "x"), scenes.Options{Val: -1}, "1 for validation, got 4000 and -1"},
	} {
		err := scenes.Make(t.Context(), test.dir, test.o)
		require.ErrorContains(t, err, test.want)
		require.ErrorContains(t, err, "scenes: make "+test.dir)
		assert.NotContains(t, err.Error(), "\n")
	}
}

func TestCancelLeavesNothing(t *testing.T) {
	t.Parallel()
	enough := errors.New("enough")
	for _, at := range []int{0, 20, 61, 500} { // at once, at the pictures, and at the components
		parent := t.TempDir()
		ctx, cancel := context.WithCancelCause(t.Context())
		o := small()
		if at == 0 {
			cancel(enough)
		}
		o.Progress = func(done, _ int) {
			if done >= at {
				cancel(enough)
			}
		}
		err := scenes.Make(ctx, filepath.Join(parent, "scenes"), o)
		require.ErrorIs(t, err, enough, "at %d", at)
		left, err := os.ReadDir(parent)
		require.NoError(t, err)
		assert.Empty(t, left, "at %d", at)
	}
}

func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	dir := filepath.Join(parent, "scenes")
	errs := make([]error, 2)
	var both sync.WaitGroup
	for i := range errs {
		both.Go(func() { errs[i] = scenes.Make(t.Context(), dir, small()) })
	}
	both.Wait()
	require.NoError(t, errors.Join(errs...))
	assert.True(t, scenes.Ready(dir, small()))
	left, err := os.ReadDir(parent)
	require.NoError(t, err)
	assert.Len(t, left, 1)
}
