package coco_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/coco"
)

// failing returns the error of a call that fails, and checks that it is one line.
func failing(t *testing.T, f coco.Fetcher, dir string) error {
	t.Helper()
	got, err := f.Fetch(t.Context(), dir)
	require.Error(t, err)
	assert.Zero(t, got)
	assert.NotContains(t, err.Error(), "\n")
	return err
}

func TestFetchErrors(t *testing.T) {
	t.Parallel()
	const kept = "bytes that arrived are kept, run it again to get the rest"
	good := archive(t, courseFiles(t), nil)
	page := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>log in</html>") }
	for _, test := range []struct {
		name  string
		serve http.HandlerFunc
		set   func(f *coco.Fetcher)
		says  []string
		tries int
	}{
		{"404", http.NotFound, nil, []string{"Not Found (the server answered 404); open the address in a browser"}, 1},
		{"500", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, nil, []string{"Internal Server Error (the server answered 500); tried 4 times: try again later"}, 4},
		{"web page", page, nil, []string{`is "text/html; charset=utf-8" and not the expected file`}, 1},
		{"nothing", func(http.ResponseWriter, *http.Request) {}, nil, []string{"connection lost (after 0 bytes: EOF); tried 4 times: try again later"}, 4},
		{"ends early", (&server{archive: good, etag: `"1"`, cuts: []int{3000, 200, 200, 200}}).ServeHTTP, nil, []string{"connection lost (after 3600 bytes: unexpected EOF); tried 4 times: the 3600 " + kept}, 4},
		{"ends early, no ETag", (&server{archive: good, cuts: []int{3000}}).ServeHTTP, func(f *coco.Fetcher) { f.Retries = -1 }, []string{"connection lost (after 3000 bytes: unexpected EOF); try again later"}, 1},
		{"other checksum", (&server{archive: good}).ServeHTTP, func(f *coco.Fetcher) { f.SHA256 = strings.Repeat("a", 64) }, []string{" instead of " + strings.Repeat("a", 64), "the archive was removed"}, 1},
		{"large", (&server{archive: good}).ServeHTTP, func(f *coco.Fetcher) { f.MaxBytes = 1000 }, []string{"has more than 1000 bytes; check that this is the right file"}, 1},
		{"huge", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(4<<30+1))
			_, _ = w.Write(good)
		}, nil, []string{"has more than 4294967296 bytes"}, 1},
		{"large, size unknown", func(w http.ResponseWriter, _ *http.Request) {
			for range 100 {
				_, _ = w.Write(append([]byte("PK\x03\x04"), make([]byte, 1000)...))
				w.(http.Flusher).Flush()
			}
		}, func(f *coco.Fetcher) { f.MaxBytes = 50000 }, []string{"has more than 50000 bytes"}, 1},
		{"redirects", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/x"+r.URL.Path, http.StatusFound) }, nil, []string{"more than 5 redirects"}, 6},
		{"silence", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"1"`)
			w.Header().Set("Content-Length", "4000")
			_, _ = w.Write(good[:1500])
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, func(f *coco.Fetcher) { f.Timeout, f.Retries = time.Second, -1 }, []string{"is too slow: less than 256 bytes in 1s; the 1500 " + kept}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			tries := 0
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				tries++
				test.serve(w, r)
			}))
			t.Cleanup(web.Close)
			f := fetcher(web.URL)
			f.Retries = 3
			if test.set != nil {
				test.set(&f)
			}
			dir := t.TempDir()
			err := failing(t, f, dir)
			for _, text := range append(test.says, "coco: fetch "+web.URL+": ") {
				require.ErrorContains(t, err, text)
			}
			assert.Equal(t, test.tries, tries)
			if !strings.Contains(err.Error(), kept) && !strings.Contains(test.name, "ends early") {
				assert.Empty(t, list(t, dir), "something was left")
			}
		})
	}
}

// TestFetchKeepsItsPart gets the login page of a network instead of the rest of the archive.
func TestFetchKeepsItsPart(t *testing.T) {
	t.Parallel()
	s := serve(t, &server{archive: archive(t, courseFiles(t), nil), etag: `"1"`, cuts: []int{5000}})
	dir := t.TempDir()
	f := fetcher(s.URL)
	f.Retries = -1
	failing(t, f, dir)
	pages := http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		fmt.Fprint(w, "<html>log in</html>")
		return w.Result(), nil
	})}
	f.Client = &pages
	require.ErrorContains(t, failing(t, f, dir), "text/html")
	f.Client = nil
	_, err := f.Fetch(t.Context(), dir)
	require.NoError(t, err)
	assert.Equal(t, []string{"", "bytes=5000-"}, s.ranges)
	assert.Equal(t, []int{200, 206}, s.codes)
}

// TestFetchForgivesAWrongAddress keeps the part, or the note that the data set is complete.
func TestFetchForgivesAWrongAddress(t *testing.T) {
	t.Parallel()
	s := serve(t, &server{archive: archive(t, courseFiles(t), nil), etag: `"1"`, cuts: []int{5000}})
	missing := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(missing.Close)
	dir := t.TempDir()
	f := fetcher(s.URL)
	f.Retries = -1
	failing(t, f, dir)
	for range 2 { // the first call resumes, the second needs no request
		require.ErrorContains(t, failing(t, fetcher(missing.URL), dir), "404")
		_, err := f.Fetch(t.Context(), dir)
		require.NoError(t, err)
	}
	assert.Equal(t, []string{"", "bytes=5000-"}, s.ranges)
}

type roundTripper func(r *http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestFetchStopsWithItsContext(t *testing.T) {
	t.Parallel()
	s := serve(t, &server{archive: archive(t, courseFiles(t), nil), etag: `"1"`})
	s.wrap = func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") == "" {
			w.Header().Set("Content-Length", fmt.Sprint(len(s.archive)))
			_, _ = w.Write(s.archive[:5000])
			w.(http.Flusher).Flush()
			<-r.Context().Done() // the rest never comes
			panic(http.ErrAbortHandler)
		}
	}
	dir := t.TempDir()
	reason := errors.New("the user had enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	f := fetcher(s.URL)
	f.Progress = func(_ string, done, _ int64) {
		if done == 5000 {
			cancel(reason)
		}
	}
	_, err := f.Fetch(ctx, dir)
	require.ErrorIs(t, err, reason)
	require.ErrorContains(t, err, "was interrupted (the user had enough); the 5000 bytes that arrived are kept")
	assert.Equal(t, []string{""}, s.ranges, "another try cannot help")

	_, err = f.Fetch(t.Context(), dir)
	require.NoError(t, err)
	assert.Equal(t, []string{"", "bytes=5000-"}, s.ranges)
}

// TestFetchStopsWhileItWaits cancels in a pause, then while the archive is checked, then while it is unpacked.
func TestFetchStopsWhileItWaits(t *testing.T) {
	t.Parallel()
	s := &server{archive: archive(t, courseFiles(t), nil), etag: `"1"`, cuts: []int{5000}}
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		f := coco.Fetcher{}
		f.Client, f.Pause = offline(s), time.Hour
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		_, err := f.Fetch(ctx, dir)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "the 5000 bytes that arrived are kept")
		require.Equal(t, time.Minute, time.Since(began))

		for _, at := range []string{"checking", "unpacking"} {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			f.Progress = func(phase string, _, _ int64) {
				if phase == at {
					cancel()
				}
			}
			_, err = f.Fetch(ctx, dir)
			require.ErrorIs(t, err, context.Canceled, at)
			require.ErrorContains(t, err, "the archive is kept, run it again to unpack it")
		}
		f.Progress = nil
		_, err = f.Fetch(t.Context(), dir)
		require.NoError(t, err)
	})
	assert.Equal(t, []string{"", "bytes=5000-"}, s.ranges)
}

func TestFetchHidesPasswords(t *testing.T) {
	t.Parallel()
	s := serve(t, &server{archive: archive(t, courseFiles(t), nil), etag: `"1"`, cuts: []int{5000}})
	dir := t.TempDir()
	f := fetcher(strings.Replace(s.URL, "//", "//me:secret@", 1))
	f.Retries = -1
	require.NotContains(t, failing(t, f, dir).Error(), "secret")
	note, err := os.ReadFile(filepath.Join(dir, "coco_captioning.json"))
	require.NoError(t, err)
	require.NotContains(t, string(note), "secret")
}

func TestFetchOneAtATime(t *testing.T) {
	t.Parallel()
	s := serve(t, &server{archive: archive(t, courseFiles(t), nil), etag: `"1"`})
	dir := t.TempDir()
	f := fetcher(s.URL)
	f.Progress = func(phase string, done, total int64) {
		if phase == "downloading" && done == total {
			require.ErrorContains(t, failing(t, fetcher(s.URL), dir), filepath.Join(dir, "coco_captioning.zip.part")+": another program is using it; wait until it has finished")
		}
	}
	_, err := f.Fetch(t.Context(), dir)
	require.NoError(t, err)
	assert.Len(t, s.ranges, 1)
}

func TestFetchOntoTheDisk(t *testing.T) {
	t.Parallel()
	s := serve(t, &server{archive: archive(t, courseFiles(t), nil)})
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	require.ErrorContains(t, failing(t, fetcher(s.URL), path), "name a folder that can be written")

	// An archive that could not be unpacked is not downloaded again.
	dir := t.TempDir()
	inTheWay := filepath.Join(dir, "coco2014_captions.h5", "folder")
	require.NoError(t, os.MkdirAll(inTheWay, 0o700))
	require.ErrorContains(t, failing(t, fetcher(s.URL), dir), "the archive is kept, run it again to unpack it")
	require.NoError(t, os.Remove(inTheWay))
	_, err := fetcher(s.URL).Fetch(t.Context(), dir)
	require.NoError(t, err)
	assert.Len(t, s.ranges, 1)
	_, err = coco.Load(dir, coco.Options{})
	require.NoError(t, err)
}

// TestFetchKeepsSoundArchives runs out of memory while the files are checked: that says nothing about the archive. It
// changes the environment, so it is not parallel.
func TestFetchKeepsSoundArchives(t *testing.T) {
	s := serve(t, &server{archive: archive(t, courseFiles(t), nil)})
	dir := t.TempDir()
	t.Setenv("CS231N_TEST_TRIAL", "memory")
	err := failing(t, fetcher(s.URL), dir)
	require.ErrorContains(t, err, "probably for want of memory")
	require.ErrorContains(t, err, "the archive is kept, run it again to unpack it")
	t.Setenv("CS231N_TEST_TRIAL", "")
	_, err = fetcher(s.URL).Fetch(t.Context(), dir)
	require.NoError(t, err)
	assert.Len(t, s.ranges, 1)
}

func TestFetchRefusesSettings(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		f    coco.Fetcher
		want string
	}{
		{coco.Fetcher{URL: "ftp://example/a.zip"}, `unsupported protocol scheme "ftp"`},
		{coco.Fetcher{URL: "coco.zip"}, "is not an address on the web"},
		{coco.Fetcher{URL: "http://a b/"}, "is not an address on the web"},
		{coco.Fetcher{SHA256: "1234"}, `"1234" is not a SHA-256`},
		{coco.Fetcher{SHA256: strings.Repeat("x", 64)}, "is not a SHA-256"},
	} {
		require.ErrorContains(t, failing(t, test.f, t.TempDir()), test.want)
	}
}
