package fetch_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/fetch"
)

func TestCache(t *testing.T) {
	t.Parallel()
	data := encoded(t, "png")
	web, requests := server(t, send(data))
	f := quick()
	f.CacheDir = filepath.Join(t.TempDir(), "new", "cache")
	get := func(path string) {
		t.Helper()
		img, err := f.Get(t.Context(), web+path)
		require.NoError(t, err)
		require.Equal(t, picture().At(3, 2), img.At(3, 2))
	}
	entries := func() []string {
		t.Helper()
		names, err := filepath.Glob(filepath.Join(f.CacheDir, "*"))
		require.NoError(t, err)
		return names
	}

	get("/a.png")
	get("/a.png")
	require.EqualValues(t, 1, requests.Load())
	require.Len(t, entries(), 1)
	get("/a.png?size=2")
	require.EqualValues(t, 2, requests.Load(), "another address is another picture")
	require.Len(t, entries(), 2)

	// The picture of a damaged entry is fetched again, and the entry is repaired.
	entry := entries()
	sound, err := os.ReadFile(entry[0])
	require.NoError(t, err)
	require.True(t, bytes.HasPrefix(sound, data), "a viewer can show the file")
	flipped := bytes.Clone(sound)
	flipped[len(data)/2] ^= 1
	for name, damaged := range map[string][]byte{
		"empty": {}, "cut": sound[:len(sound)-1], "sum only": sound[:32], "flipped bit": flipped,
		"longer": append(bytes.Clone(sound), 0), "other": []byte("<html>the login page of some network</html>"),
	} {
		for _, path := range entry {
			require.NoError(t, os.WriteFile(path, damaged, 0o600))
		}
		before := requests.Load()
		get("/a.png")
		get("/a.png?size=2")
		get("/a.png")
		require.EqualValues(t, before+2, requests.Load(), name)
		again, err := os.ReadFile(entry[0])
		require.NoError(t, err)
		require.Equal(t, sound, again, name)
	}
	require.Len(t, entries(), 2, "temporary files are left over")

	// The current limits hold for pictures in the cache.
	f.MaxPixels = 34
	_, err = f.Get(t.Context(), web+"/a.png")
	require.ErrorContains(t, err, "more than 34")
}

// TestCacheCannotBeWritten shows a picture although it cannot be kept, as in a class with a read-only folder.
func TestCacheCannotBeWritten(t *testing.T) {
	t.Parallel()
	web, requests := server(t, send(encoded(t, "gif")))
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for i := range 2 {
		img, err := fetch.Images{Requests: fetch.Requests{LocalNetwork: true}, CacheDir: filepath.Join(file, "cache")}.Get(t.Context(), web)
		require.NoError(t, err)
		require.Equal(t, picture().At(3, 2), img.At(3, 2))
		require.EqualValues(t, i+1, requests.Load())
	}
}

// Several goroutines may ask for the same picture.
func TestCacheTogether(t *testing.T) {
	t.Parallel()
	data := encoded(t, "jpeg")
	web, _ := server(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(data) })
	f := fetch.Images{Requests: fetch.Requests{LocalNetwork: true}, CacheDir: t.TempDir()}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			_, err := f.Get(t.Context(), web)
			assert.NoError(t, err)
		})
	}
	group.Wait()
	names, err := filepath.Glob(filepath.Join(f.CacheDir, "*"))
	require.NoError(t, err)
	require.Len(t, names, 1)
}

// TestCacheLimit keeps the newest pictures, and files that do not belong to the cache.
func TestCacheLimit(t *testing.T) {
	t.Parallel()
	data := encoded(t, "png")
	web, requests := server(t, send(data))
	f := quick()
	f.CacheDir = t.TempDir()
	f.MaxCacheBytes = 3 * int64(len(data)+32)
	require.NoError(t, os.WriteFile(filepath.Join(f.CacheDir, "notes.txt"), make([]byte, 1<<20), 0o600))
	for i := range 10 {
		_, err := f.Get(t.Context(), web+"/"+strconv.Itoa(i))
		require.NoError(t, err)
		entries, err := os.ReadDir(f.CacheDir)
		require.NoError(t, err)
		require.Len(t, entries, 1+min(i+1, 3))
	}
	for i := 7; i < 10; i++ {
		_, err := f.Get(t.Context(), web+"/"+strconv.Itoa(i))
		require.NoError(t, err)
	}
	require.EqualValues(t, 10, requests.Load(), "the last three were not kept")
}
