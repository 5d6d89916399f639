package coco_test

import (
	"archive/zip"
	"crypto/sha256"
	"fmt"
	"io"
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

func TestFetch(t *testing.T) {
	t.Parallel()
	files := courseFiles(t)
	s := serve(t, &server{archive: archive(t, files, nil), etag: `"1"`})
	dir := filepath.Join(t.TempDir(), "data", "coco")
	steps := map[string][]int64{}
	var phases []string
	f := fetcher(s.URL)
	f.SHA256 = fmt.Sprintf("%X", sha256.Sum256(s.archive))
	unpacked := 0
	for _, data := range files {
		unpacked += len(data)
	}
	totals := map[string]int{"downloading": len(s.archive), "checking": len(s.archive), "unpacking": unpacked}
	f.Progress = func(phase string, done, total int64) {
		assert.EqualValues(t, totals[phase], total, phase)
		if steps[phase] == nil {
			phases = append(phases, phase)
		}
		steps[phase] = append(steps[phase], done)
	}
	got, err := f.Fetch(t.Context(), dir)
	require.NoError(t, err)
	want := coco.Fetched{
		Bytes: int64(len(s.archive)), SHA256: strings.ToLower(f.SHA256),
		Files: []string{
			"coco2014_captions.h5", "coco2014_vocab.json", "train2014_urls.txt", "train2014_vgg16_fc7_pca.h5",
			"val2014_urls.txt", "val2014_vgg16_fc7_pca.h5",
		},
	}
	assert.Equal(t, want, got)
	assert.Equal(t, []string{"downloading", "checking", "unpacking"}, phases)
	assert.EqualValues(t, 0, steps["downloading"][0])
	for phase, total := range totals {
		assert.IsNonDecreasing(t, steps[phase], phase)
		assert.EqualValues(t, total, steps[phase][len(steps[phase])-1], phase)
	}
	assert.ElementsMatch(t, append(want.Files, "coco_captioning.json"), list(t, dir), "the files in the folder")
	d, err := coco.Load(dir, coco.Options{})
	require.NoError(t, err)
	assert.Equal(t, fetchable(), d)

	again, err := f.Fetch(t.Context(), dir)
	require.NoError(t, err)
	assert.Equal(t, want, again)
	assert.Len(t, s.ranges, 1, "the complete data set was downloaded again")

	f.SHA256 = strings.Repeat("a", 64)
	require.ErrorContains(t, failing(t, f, dir), " instead of aaa")
	assert.Len(t, s.ranges, 2, "the checksum of the data set is another one")
	f.SHA256 = want.SHA256

	require.NoError(t, os.WriteFile(filepath.Join(dir, "val2014_urls.txt"), []byte("cut"), 0o600))
	_, err = f.Fetch(t.Context(), dir)
	require.NoError(t, err)
	assert.Len(t, s.ranges, 3)
	_, err = coco.Load(dir, coco.Options{})
	require.NoError(t, err)
}

func TestFetchTriesAgain(t *testing.T) {
	t.Parallel()
	busy := 2
	s := serve(t, &server{archive: archive(t, courseFiles(t), nil), etag: `"1"`, cuts: []int{9000, 1000, 500}})
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if busy--; busy >= 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		s.ServeHTTP(w, r)
	}))
	t.Cleanup(web.Close)
	dir := t.TempDir()
	got, err := fetcher(web.URL).Fetch(t.Context(), dir)
	require.NoError(t, err)
	assert.Equal(t, fmt.Sprintf("%x", sha256.Sum256(s.archive)), got.SHA256)
	assert.Equal(t, []string{"", "bytes=9000-", "bytes=10000-", "bytes=10500-"}, s.ranges)
}

// TestFetchGoesOn interrupts a download, lets something happen, and repeats the call.
func TestFetchGoesOn(t *testing.T) {
	t.Parallel()
	change := func(header, value string) func(http.ResponseWriter, *http.Request) {
		return func(_ http.ResponseWriter, r *http.Request) {
			if r.Header.Get(header) != "" {
				r.Header.Set(header, value)
			}
		}
	}
	for _, test := range []struct {
		name    string
		etag    string
		between func(s *server, dir string)
		ranges  []string // headers of the requests after the interruption
		codes   []int    // of the answers
	}{
		{"same archive", `"1"`, nil, []string{"bytes=5000-"}, []int{206}},
		{"date instead of ETag", "", nil, []string{"bytes=5000-"}, []int{206}},
		{"changed date", "", func(s *server, _ string) { s.date = s.date.Add(time.Hour) }, []string{"bytes=5000-"}, []int{200}},
		{"server without Range", `"1"`, func(s *server, _ string) { s.wrap = change("Range", "") }, []string{"bytes=5000-"}, []int{200}},
		{"changed ETag", `"1"`, func(s *server, _ string) { s.etag = `"2"` }, []string{"bytes=5000-"}, []int{200}},
		{"changed ETag that If-Range does not stop", `"1"`, func(s *server, _ string) {
			s.etag, s.wrap = `"2"`, change("If-Range", "")
		}, []string{"bytes=5000-", ""}, []int{206, 200}},
		{"weak ETag", `W/"1"`, nil, []string{""}, []int{200}},
		{"other part", `"1"`, func(s *server, _ string) { s.wrap = change("Range", "bytes=6000-") }, []string{"bytes=5000-", ""}, []int{206, 200}},
		{"part without a range", `"1"`, func(s *server, _ string) {
			s.wrap = func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Range") != "" {
					w.WriteHeader(http.StatusPartialContent)
					w.(http.Flusher).Flush()
					panic(http.ErrAbortHandler)
				}
			}
		}, []string{"bytes=5000-", ""}, []int{200}},
		{"short parts", `"1"`, func(s *server, _ string) {
			s.wrap = func(_ http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Range") == "bytes=5000-" {
					r.Header.Set("Range", "bytes=5000-5999")
				}
			}
		}, []string{"bytes=5000-", "bytes=6000-"}, []int{206, 206}},
		{"damaged note", `"1"`, func(_ *server, dir string) {
			_ = os.WriteFile(filepath.Join(dir, "coco_captioning.json"), []byte("{"), 0o600)
		}, []string{""}, []int{200}},
		{"other address", `"1"`, func(s *server, _ string) { s.URL += "/other" }, []string{""}, []int{200}},
		{"leftovers of a killed call", `"1"`, func(_ *server, dir string) {
			_ = os.MkdirAll(filepath.Join(dir, "coco_captioning.unpack", "coco2014_captions.h5"), 0o700)
		}, []string{"bytes=5000-"}, []int{206}},
		{"no such part", `"1"`, func(s *server, _ string) { s.wrap = change("Range", "bytes=99999999-") }, []string{"bytes=5000-", ""}, []int{416, 200}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, &server{archive: archive(t, courseFiles(t), nil), etag: test.etag, cuts: []int{5000}})
			if test.etag == "" {
				s.date = time.Date(2017, time.February, 6, 1, 2, 3, 0, time.UTC)
			}
			dir := t.TempDir()
			f := fetcher(s.URL)
			f.Retries = -1
			_, err := f.Fetch(t.Context(), dir)
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			part, err := os.Stat(filepath.Join(dir, "coco_captioning.zip.part"))
			require.NoError(t, err)
			require.EqualValues(t, 5000, part.Size())

			if test.between != nil {
				test.between(s, dir)
			}
			got, err := fetcher(s.URL).Fetch(t.Context(), dir)
			require.NoError(t, err)
			assert.Equal(t, test.ranges, s.ranges[1:])
			assert.Equal(t, test.codes, s.codes[1:])
			assert.Equal(t, fmt.Sprintf("%x", sha256.Sum256(s.archive)), got.SHA256)
			_, err = coco.Load(dir, coco.Options{})
			require.NoError(t, err)
		})
	}
}

// TestFetchCountsProgress has more failures than retries, but each after more than a megabyte.
func TestFetchCountsProgress(t *testing.T) {
	t.Parallel()
	large := archive(t, courseFiles(t), func(z *zip.Writer) {
		put(t, z, &zip.FileHeader{Name: "large", Method: zip.Store}, make([]byte, 4<<20))
	})
	cuts := func() []int { return []int{5 << 18, 5 << 18, 5 << 18} }
	s := serve(t, &server{archive: large, etag: `"1"`, cuts: cuts()})
	f := fetcher(s.URL)
	f.Retries = 1
	_, err := f.Fetch(t.Context(), t.TempDir())
	require.NoError(t, err)
	assert.Equal(t, []int{200, 206, 206, 206}, s.codes)

	// Bytes that arrive again are no progress.
	s = serve(t, &server{archive: large, cuts: cuts(), wrap: func(_ http.ResponseWriter, r *http.Request) { r.Header.Del("Range") }})
	f.URL = s.URL
	require.ErrorContains(t, failing(t, f, t.TempDir()), "tried 2 times")
}

func TestFetchUnknownSize(t *testing.T) {
	t.Parallel()
	packed := archive(t, courseFiles(t), nil)
	s := serve(t, &server{archive: packed, etag: `"1"`})
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") != "" {
			s.ServeHTTP(w, r)
			return
		}
		w.Header().Set("ETag", `"1"`)
		_, _ = w.Write(packed[:5000])
		w.(http.Flusher).Flush()
		if r.URL.Path == "/cut" {
			panic(http.ErrAbortHandler)
		}
		_, _ = w.Write(packed[5000:])
	}))
	t.Cleanup(web.Close)
	want := fmt.Sprintf("%x", sha256.Sum256(packed))
	for _, path := range []string{"/whole", "/cut"} {
		got, err := fetcher(web.URL+path).Fetch(t.Context(), t.TempDir())
		require.NoError(t, err)
		assert.Equal(t, want, got.SHA256)
		assert.EqualValues(t, len(packed), got.Bytes)
	}
	assert.Equal(t, []string{"bytes=5000-"}, s.ranges)
}

// TestFetchWaitsForSlowServers takes longer than Timeout for the archive, but not for a piece of it.
func TestFetchWaitsForSlowServers(t *testing.T) {
	t.Parallel()
	packed := archive(t, courseFiles(t), nil)
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		f := fetcher("http://example.com")
		f.Client, f.Retries, f.Timeout = slowly(packed, len(packed)/4, 8*time.Second), -1, 10*time.Second
		began := time.Now()
		_, err := f.Fetch(t.Context(), dir)
		require.NoError(t, err)
		require.Greater(t, time.Since(began), 3*f.Timeout)
	})
}
