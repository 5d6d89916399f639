package fetch_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/color/palette"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/fetch"
)

// picture is a gradient, 7 pixels wide and 5 high.
func picture() image.Image {
	img := image.NewPaletted(image.Rect(0, 0, 7, 5), palette.Plan9)
	for y := range 5 {
		for x := range 7 {
			img.Set(x, y, color.RGBA{uint8(30 * x), uint8(50 * y), 128, 255})
		}
	}
	return img
}

// encoded is picture in the given format.
func encoded(t testing.TB, format string) []byte {
	var b bytes.Buffer
	var err error
	switch format {
	case "png":
		err = png.Encode(&b, picture())
	case "jpeg":
		err = jpeg.Encode(&b, picture(), nil)
	case "gif":
		err = gif.Encode(&b, picture(), nil)
	default:
		t.Fatalf("no format %s", format)
	}
	require.NoError(t, err)
	return b.Bytes()
}

// hugePNG is the valid header of a picture that would take 80 GB, without the picture.
func hugePNG(t testing.TB) []byte {
	data := bytes.Clone(encoded(t, "png")[:33])
	data[25] = 2 // RGB; a palette would have to follow
	binary.BigEndian.PutUint32(data[16:], 100_000)
	binary.BigEndian.PutUint32(data[20:], 100_000)
	binary.BigEndian.PutUint32(data[29:], crc32.ChecksumIEEE(data[12:29]))
	return data
}

// server starts a server and counts its requests.
func server(t testing.TB, serve http.HandlerFunc) (address string, requests *atomic.Int32) {
	requests = new(atomic.Int32)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		serve(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, requests
}

func send(data []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(data) }
}

// zeros sends data and n bytes, or fewer if the client disconnects.
func zeros(w io.Writer, data []byte, n int64) {
	_, _ = w.Write(data)
	_, _ = io.CopyN(w, zeroReader{}, n)
}

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// quick retries almost at once.
func quick() fetch.Images {
	return fetch.Images{Requests: fetch.Requests{LocalNetwork: true, Timeout: 5 * time.Second, Pause: time.Millisecond}}
}

// requireError checks what all errors of Get have in common.
func requireError(t testing.TB, err error, address string) *fetch.Error {
	var e *fetch.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, address, e.Address)
	assert.NotContains(t, err.Error(), "\n")
	assert.Equal(t, 1, strings.Count(err.Error(), address), err.Error())
	assert.Contains(t, err.Error(), "; ", "no advice")
	return e
}

func TestFormats(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"png", "jpeg", "gif"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			data := encoded(t, format)
			want, _, err := image.Decode(bytes.NewReader(data))
			require.NoError(t, err)
			dir := t.TempDir()
			path := filepath.Join(dir, "sub", "50% of it."+format)
			require.NoError(t, os.Mkdir(filepath.Dir(path), 0o755))
			require.NoError(t, os.WriteFile(path, data, 0o600))
			// A wrong Content-Type does not matter.
			web, _ := server(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/html")
				_, _ = w.Write(data)
			})
			f := quick()
			f.Dir = dir
			for _, address := range []string{
				web + "/a?b=c",
				"sub/50% of it." + format,
				path,
				"file://" + filepath.ToSlash(dir) + "/sub/50%25%20of%20it." + format,
			} {
				got, err := f.Get(t.Context(), address)
				require.NoError(t, err)
				require.Equal(t, want, got)
			}
		})
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	good := encoded(t, "png")
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	for _, test := range []struct {
		name   string
		serve  http.HandlerFunc
		tries  int
		reason string
		text   string
	}{
		{"gone", http.NotFound, 1, "Not Found", "(the server answered 404); open the address in a browser"},
		{"forbidden", status(403), 1, "Forbidden", "open the address in a browser"},
		{"no content", status(204), 1, "No Content", "open the address"},
		{"odd status", status(299), 1, "status 299", "open the address"},
		{"broken server", status(503), 3, "Service Unavailable", "; tried 3 times: try again later"},
		{"busy server", status(429), 3, "Too Many Requests", "; tried 3 times"},
		{"page", send([]byte("<!DOCTYPE html>\n<title>Gone</title>")), 1, "is text/html, not an image", "open it to see what it is"},
		{"text", send([]byte("gone")), 1, "is text/plain, not an image", ""},
		{"webp", send([]byte("RIFF\x00\x00\x00\x00WEBPVP8 ")), 1, "is image/webp, which is not supported", "convert it to PNG, JPEG or GIF"},
		{"empty", send(nil), 1, "is empty", ""},
		{"cut short", send(good[:len(good)-20]), 1, "is damaged", "unexpected EOF"},
		{"100 MB", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100000000")
			zeros(w, good, 100_000_000-int64(len(good)))
		}, 1, "has more than 1000000 bytes", "use a smaller one"},
		{"100 MB, size not said", func(w http.ResponseWriter, _ *http.Request) { zeros(w, good, 100_000_000) }, 1, "has more than 1000000 bytes", "use a smaller one"},
		{"huge in pixels", send(hugePNG(t)), 1, "has 100000×100000 pixels, more than 25000000", "use a smaller copy"},
		{"no pixels", send([]byte("GIF89a\x00\x00\x00\x00\x00\x00\x00;")), 1, "is damaged", "0×0 pixels"},
		{"redirects in a circle", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/again", http.StatusFound) }, 6, "more than 5 redirects", "open the address in a browser"},
		{"redirect elsewhere", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "file:///etc/hosts", http.StatusFound)
		}, 1, "no answer", `unsupported protocol scheme "file"`},
		{"connection cut in the head", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 3, "connection lost", "tried 3 times"},
		{"connection cut in the picture", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write(good[:20])
		}, 3, "connection lost", "after 20 bytes: unexpected EOF"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			web, requests := server(t, test.serve)
			address := web + "/picture.png"
			f := quick()
			f.MaxBytes, f.CacheDir = 1_000_000, filepath.Join(t.TempDir(), "cache")
			img, err := f.Get(t.Context(), address)
			assert.Nil(t, img)
			e := requireError(t, err, address)
			assert.Equal(t, test.reason, e.Reason)
			assert.ErrorContains(t, err, test.text)
			assert.EqualValues(t, test.tries, requests.Load())
			assert.NoDirExists(t, f.CacheDir, "only pictures may enter the cache")
		})
	}
}

func TestLimitsAreExact(t *testing.T) {
	t.Parallel()
	data := encoded(t, "png")
	web, _ := server(t, send(data))
	for _, test := range []struct {
		bytes, pixels int
		want          string
	}{
		{len(data), 35, ""},
		{len(data) - 1, 35, "has more than"},
		{len(data), 34, "has 7×5 pixels, more than 34"},
	} {
		f := quick()
		f.MaxBytes, f.MaxPixels = int64(test.bytes), test.pixels
		_, err := f.Get(t.Context(), web)
		if test.want == "" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, test.want)
		}
	}
}

func TestRetryHelps(t *testing.T) {
	t.Parallel()
	data := encoded(t, "jpeg")
	for _, test := range []struct {
		name    string
		failure http.HandlerFunc
	}{
		{"500", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }},
		{"connection lost", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
		{"silence", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
		{"silence in the picture", func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write(data[:30])
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int32
			web, _ := server(t, func(w http.ResponseWriter, r *http.Request) {
				if requests.Add(1) <= 2 {
					test.failure(w, r)
					return
				}
				_, _ = w.Write(data)
			})
			f := quick()
			f.Timeout = 200 * time.Millisecond
			// Package http itself retries on a connection that was used before.
			f.Client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			img, err := f.Get(t.Context(), web)
			require.NoError(t, err)
			require.Equal(t, image.Rect(0, 0, 7, 5), img.Bounds())

			requests.Store(0)
			f.Retries = -1
			_, err = f.Get(t.Context(), web)
			require.Error(t, err)
			require.EqualValues(t, 1, requests.Load(), "no retries were asked for")
		})
	}
}

// TestRetryResumes loses the connection in a picture that the server can send in parts.
func TestRetryResumes(t *testing.T) {
	t.Parallel()
	data := encoded(t, "png")
	var ranges []string
	web, _ := server(t, func(w http.ResponseWriter, r *http.Request) {
		ranges = append(ranges, r.Header.Get("Range"))
		w.Header().Set("ETag", `"1"`)
		if len(ranges) == 1 {
			w.Header().Set("Content-Length", strconv.Itoa(len(data)))
			_, _ = w.Write(data[:30])
			return
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	})
	img, err := quick().Get(t.Context(), web)
	require.NoError(t, err)
	require.Equal(t, picture().At(3, 2), img.At(3, 2))
	require.Equal(t, []string{"", "bytes=30-"}, ranges)
}

// TestStaysEncrypted has a redirect from https to http.
func TestStaysEncrypted(t *testing.T) {
	t.Parallel()
	plain, requests := server(t, send(encoded(t, "png")))
	secure := httptest.NewTLSServer(http.RedirectHandler(plain, http.StatusFound))
	t.Cleanup(secure.Close)
	f := quick()
	f.Client = secure.Client()
	_, err := f.Get(t.Context(), secure.URL)
	require.Equal(t, "redirects from https to "+plain+", which is not encrypted", requireError(t, err, secure.URL).Reason)
	require.Zero(t, requests.Load())
}

func TestHangingHost(t *testing.T) {
	t.Parallel()
	web, requests := server(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	f := quick()
	f.Timeout, f.Retries = time.Second, 1 // long enough for a request to reach the server
	_, err := f.Get(t.Context(), web)
	e := requireError(t, err, web)
	require.Equal(t, "timed out", e.Reason)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.EqualValues(t, 2, requests.Load())

	// The limit of the caller takes precedence, in a request and in a pause.
	for _, patience := range []fetch.Requests{{Timeout: time.Hour}, {Timeout: time.Millisecond, Pause: time.Hour}} {
		patience.LocalNetwork = true
		stop := errors.New("the lesson is over")
		ctx, cancel := context.WithTimeoutCause(t.Context(), 30*time.Millisecond, stop)
		defer cancel()
		_, err = fetch.Images{Requests: patience}.Get(ctx, web)
		require.ErrorIs(t, err, stop)
		require.Equal(t, "was interrupted", requireError(t, err, web).Reason)
	}
}

func TestNoServer(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	_, err := quick().Get(t.Context(), s.URL)
	require.Equal(t, "no answer", requireError(t, err, s.URL).Reason)
	require.ErrorContains(t, err, "connection refused")
}
