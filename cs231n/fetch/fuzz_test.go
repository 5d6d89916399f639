package fetch_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/fetch"
)

// answer is a network where each request has the same answer.
type answer struct {
	status int
	size   int64
	body   []byte
}

func (a answer) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: a.status, ContentLength: a.size, Header: http.Header{"Location": {"/next"}},
		Body: io.NopCloser(bytes.NewReader(a.body)), Request: r,
	}, nil
}

// FuzzGet gives arbitrary answers. Each is a picture within the limits or an error with the address in it.
func FuzzGet(f *testing.F) {
	for _, format := range []string{"png", "jpeg", "gif"} {
		data := encoded(f, format)
		f.Add(200, int64(len(data)), data)
		f.Add(200, int64(-1), data[:len(data)/2])
	}
	f.Add(200, int64(-1), hugePNG(f))
	f.Add(302, int64(0), []byte("<html>"))
	f.Add(503, int64(7), []byte{})
	f.Fuzz(func(t *testing.T, status int, size int64, body []byte) {
		const address = "http://host/a.png"
		images := fetch.Images{
			Requests:  fetch.Requests{Client: &http.Client{Transport: answer{status, size, body}}, Retries: -1, MaxBytes: 2000},
			MaxPixels: 10_000,
		}
		img, err := images.Get(t.Context(), address)
		if err != nil {
			require.Nil(t, img)
			requireError(t, err, address)
			return
		}
		require.Equal(t, 200, status)
		require.LessOrEqual(t, len(body), 2000)
		bounds := img.Bounds()
		require.LessOrEqual(t, bounds.Dx()*bounds.Dy(), 10_000)
		require.Positive(t, bounds.Dx()*bounds.Dy())
	})
}

// endless is a host whose pictures never end.
type endless struct{ read int64 }

func (e *endless) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, ContentLength: -1, Body: io.NopCloser(e), Request: r}, nil
}

func (e *endless) Read(p []byte) (int, error) { e.read += int64(len(p)); return len(p), nil }

func TestReadsNoMoreThanItMust(t *testing.T) {
	t.Parallel()
	host := new(endless)
	f := fetch.Images{Requests: fetch.Requests{Client: &http.Client{Transport: host}, MaxBytes: 100_000}}
	_, err := f.Get(t.Context(), "http://host/a.png")
	require.ErrorContains(t, err, "has more than 100000 bytes")
	require.EqualValues(t, 100_001, host.read)
}
