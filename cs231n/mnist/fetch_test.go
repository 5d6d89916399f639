package mnist

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

// mirror serves the real archives below /mnist/ and counts the requests.
func mirror(t *testing.T) (address string, requests *atomic.Int32) {
	dir, err := moduleData()
	require.NoError(t, err)
	requests = new(atomic.Int32)
	files := http.StripPrefix("/mnist/", http.FileServer(http.Dir(dir)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		files.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/mnist/", requests
}

func TestFetch(t *testing.T) {
	t.Parallel()
	good, requests := mirror(t)
	missing := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(missing.Close)
	dir := filepath.Join(t.TempDir(), "data", "mnist")

	f := Fetcher{Mirrors: []string{missing.URL, good}}
	require.NoError(t, f.Fetch(t.Context(), dir))
	assert.EqualValues(t, 4, requests.Load())
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, files, 4, "temporary files are left over")
	_, test, err := Load(dir)
	require.NoError(t, err)
	assert.Equal(t, 10000, test.N)

	// Only what is damaged is fetched again.
	require.NoError(t, os.WriteFile(filepath.Join(dir, archives()[trainLabels].name), []byte("cut"), 0o600))
	require.NoError(t, f.Fetch(t.Context(), dir))
	assert.EqualValues(t, 5, requests.Load())
}

func TestFetchErrors(t *testing.T) {
	t.Parallel()
	size := archives()[trainImages].size
	for _, test := range []struct {
		name  string
		serve http.HandlerFunc
		want  string
	}{
		{"404", http.NotFound, "answers 404 Not Found"},
		{"500", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "answers 500 Internal Server Error"},
		{"other file", func(w http.ResponseWriter, _ *http.Request) { zeros(w, size) }, "not the published file: SHA-256 "},
		{"short", func(w http.ResponseWriter, _ *http.Request) { zeros(w, 1000) }, "only 1000 of the 9912422 bytes"},
		{"endless", func(w http.ResponseWriter, _ *http.Request) { zeros(w, 1<<40) }, "more than the 9912422 bytes"},
		{"truncated", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9912422")
			zeros(w, 5000)
		}, "after 5000 of 9912422 bytes: unexpected EOF"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(test.serve)
			t.Cleanup(server.Close)
			dir := t.TempDir()
			err := Fetcher{Mirrors: []string{server.URL, server.URL + "/second"}}.Fetch(t.Context(), dir)
			require.ErrorContains(t, err, test.want)
			assert.ErrorContains(t, err, server.URL+"/train-images-idx3-ubyte.gz")
			assert.ErrorContains(t, err, server.URL+"/second/train-images-idx3-ubyte.gz", "the second mirror was not tried")
			assert.NotContains(t, err.Error(), "\n")
			files, err := os.ReadDir(dir)
			require.NoError(t, err)
			assert.Empty(t, files, "nothing may be left of a failed download")
		})
	}
}

// zeros sends n bytes, or fewer if the client goes away.
func zeros(w io.Writer, n int64) {
	_, _ = io.Copy(w, io.LimitReader(zeroReader{}, n))
}

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestFetchStopsWithItsContext(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		zeros(w, 1000)
		w.(http.Flusher).Flush()
		time.AfterFunc(50*time.Millisecond, cancel)
		<-r.Context().Done() // The rest never comes.
	}))
	t.Cleanup(server.Close)
	dir := t.TempDir()
	err := Fetcher{Mirrors: []string{server.URL, server.URL}}.Fetch(ctx, dir)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, server.URL)
	assert.EqualValues(t, 1, requests.Load(), "a second mirror cannot help")
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, files)
}

func TestFetchIntoAFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	require.ErrorContains(t, Fetch(t.Context(), path), "mnist: fetch: ")
}

// TestFetchDrip meets a server that sends a byte now and then: the client's time limit holds for all of a file.
func TestFetchDrip(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			zeros(w, 1)
			w.(http.Flusher).Flush()
			time.Sleep(10 * time.Millisecond)
		}
	}))
	t.Cleanup(server.Close)
	dir := t.TempDir()
	err := Fetcher{Mirrors: []string{server.URL}, Client: &http.Client{Timeout: 200 * time.Millisecond}}.Fetch(t.Context(), dir)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "try again later")
	require.NotContains(t, err.Error(), "\n")
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, files)
}

// TestFetchTwice fetches into one folder by two calls at once: both succeed, and all is whole.
func TestFetchTwice(t *testing.T) {
	t.Parallel()
	web, _ := mirror(t)
	dir := t.TempDir()
	var both errgroup.Group
	for range 2 {
		both.Go(func() error { return Fetcher{Mirrors: []string{web}}.Fetch(t.Context(), dir) })
	}
	require.NoError(t, both.Wait())
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, files, 4)
	for _, a := range archives() {
		assert.True(t, isSound(a, filepath.Join(dir, a.name)))
	}
}
