package coco_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/coco"
)

// TestFetchSparesOtherData downloads into a folder with another data set.
func TestFetchSparesOtherData(t *testing.T) {
	t.Parallel()
	s := serve(t, &server{archive: archive(t, courseFiles(t), nil), etag: `"1"`, cuts: []int{5000}})
	dir := t.TempDir()
	require.NoError(t, coco.Write(dir, tiny()))
	before := list(t, dir)
	f := fetcher(s.URL)
	f.Retries = -1
	require.ErrorContains(t, failing(t, f, dir), dir+" holds a data set that was not downloaded (coco2014_captions.h5); name another folder, or ask to replace it")
	assert.Equal(t, before, list(t, dir))
	assert.Empty(t, s.ranges)

	f.Replace = true
	require.ErrorContains(t, failing(t, f, dir), "the 5000 bytes that arrived are kept")
	d, err := coco.Load(dir, coco.Options{})
	require.NoError(t, err)
	assert.Equal(t, tiny(), d, "replaced before the download was complete")
	f.Replace = false // the call that resumes does not have to ask again
	_, err = f.Fetch(t.Context(), dir)
	require.NoError(t, err)
	d, err = coco.Load(dir, coco.Options{})
	require.NoError(t, err)
	assert.Equal(t, fetchable(), d)
}

// TestFetchDrip has a server that sends a byte now and then. It would take forever, and counts as silent.
func TestFetchDrip(t *testing.T) {
	t.Parallel()
	good := archive(t, courseFiles(t), nil)
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		f := fetcher("http://example.com")
		f.Client, f.Timeout, f.Retries = slowly(good, 1, 10*time.Millisecond), 200*time.Millisecond, 1
		began := time.Now()
		require.ErrorContains(t, failing(t, f, dir), "is too slow: less than 51 bytes in 200ms; tried 2 times")
		assert.Equal(t, 2*f.Timeout+f.Pause, time.Since(began))
	})
}

// TestFetchStaysEncrypted has a redirect from https to http.
func TestFetchStaysEncrypted(t *testing.T) {
	t.Parallel()
	plain := serve(t, &server{archive: archive(t, courseFiles(t), nil), etag: `"1"`})
	secure := httptest.NewTLSServer(http.RedirectHandler(plain.URL, http.StatusFound))
	t.Cleanup(secure.Close)
	f := fetcher(secure.URL)
	f.Client = secure.Client()
	require.ErrorContains(t, failing(t, f, t.TempDir()), "redirects from https to "+plain.URL+", which is not encrypted")
	assert.Empty(t, plain.ranges)
}
