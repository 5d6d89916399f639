package coco_test

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/fetch"
)

// fetchable is a data set with enough features for an archive that arrives in several pieces.
func fetchable() *coco.Data {
	split := func(images int) coco.Split {
		return coco.Split{
			Captions: []int32{1, 3, 2, 1, 2, 0}, Length: 3, ImageIdxs: []int32{0, int32(images - 1)},
			Features: make([]float32, images*101), Dim: 101,
			URLs: strings.Fields(strings.Repeat("http://pictures.example/1.jpg ", images)),
		}
	}
	return &coco.Data{Train: split(13), Val: split(7), Vocab: coco.Vocab{
		Words: []string{coco.Null, coco.Start, coco.End, "cat"},
		IDs:   map[string]int{coco.Null: 0, coco.Start: 1, coco.End: 2, "cat": 3},
	}}
}

// courseFiles returns the files of fetchable.
func courseFiles(t testing.TB) map[string][]byte {
	dir := t.TempDir()
	require.NoError(t, coco.Write(dir, fetchable()))
	files := make(map[string][]byte)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		files[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name()))
		require.NoError(t, err)
	}
	return files
}

// archive packs files as the course does, in a folder; edit may add to it.
func archive(t testing.TB, files map[string][]byte, edit func(z *zip.Writer)) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	put(t, z, &zip.FileHeader{Name: "coco_captioning/"}, nil)
	for name, data := range files {
		put(t, z, &zip.FileHeader{Name: "coco_captioning/" + name}, data)
	}
	put(t, z, &zip.FileHeader{Name: "coco_captioning/train2014_images.txt"}, []byte("not needed"))
	if edit != nil {
		edit(z)
	}
	require.NoError(t, z.Close())
	return b.Bytes()
}

func put(t testing.TB, z *zip.Writer, h *zip.FileHeader, data []byte) {
	w, err := z.CreateHeader(h)
	require.NoError(t, err)
	_, err = w.Write(data)
	require.NoError(t, err)
}

// server serves an archive. It closes the connections of its first requests after the bytes in cuts.
type server struct {
	*httptest.Server
	archive []byte
	etag    string
	date    time.Time
	cuts    []int
	wrap    func(w http.ResponseWriter, r *http.Request) // is called first and may change the request

	mu     sync.Mutex
	ranges []string // headers of the requests
	codes  []int    // of the answers
}

func serve(t *testing.T, s *server) *server {
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ranges = append(s.ranges, r.Header.Get("Range"))
	if s.etag != "" {
		w.Header().Set("ETag", s.etag)
	}
	if s.wrap != nil {
		s.wrap(w, r)
	}
	cut := &cutWriter{ResponseWriter: w, server: s, left: 1 << 30}
	if len(s.cuts) > 0 {
		cut.left, s.cuts = s.cuts[0], s.cuts[1:]
	}
	http.ServeContent(cut, r, "a.zip", s.date, bytes.NewReader(s.archive))
}

type cutWriter struct {
	http.ResponseWriter
	server *server
	left   int
}

func (w *cutWriter) WriteHeader(code int) {
	w.server.codes = append(w.server.codes, code)
	w.ResponseWriter.WriteHeader(code)
}

func (w *cutWriter) Write(b []byte) (int, error) {
	n, err := w.ResponseWriter.Write(b[:min(len(b), w.left)])
	if w.left -= n; w.left == 0 {
		w.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	return n, err
}

// offline is a client that gets the answers of a server without a network, which tests of package synctest cannot use.
func offline(s *server) *http.Client {
	return &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.Context().Err() != nil {
			return nil, r.Context().Err()
		}
		w := httptest.NewRecorder()
		func() {
			defer func() { _ = recover() }() // the server panics to end an answer early
			s.ServeHTTP(w, r)
		}()
		return w.Result(), nil
	})}
}

// slowly is a client that gets content without a server, one piece after each wait. In a test of package synctest the
// clock skips the waits, so that they are exact on a busy machine too.
func slowly(content []byte, piece int, wait time.Duration) *http.Client {
	return &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		body := &slowBody{ctx: r.Context(), content: content, piece: piece, wait: wait}
		return &http.Response{StatusCode: http.StatusOK, ContentLength: int64(len(content)), Body: body}, nil
	})}
}

type slowBody struct {
	ctx     context.Context // of the request
	content []byte          // the rest of it
	piece   int
	wait    time.Duration
}

func (b *slowBody) Read(p []byte) (int, error) {
	if len(b.content) == 0 {
		return 0, io.EOF
	}
	select {
	case <-time.After(b.wait):
		n := copy(p, b.content[:min(len(b.content), b.piece)])
		b.content = b.content[n:]
		return n, nil
	case <-b.ctx.Done():
		return 0, b.ctx.Err()
	}
}

func (b *slowBody) Close() error { return nil }

// fetcher returns a Fetcher that retries at once.
func fetcher(url string) coco.Fetcher {
	return coco.Fetcher{URL: url, Requests: fetch.Requests{Pause: time.Millisecond}}
}

func list(t *testing.T, dir string) (names []string) {
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
