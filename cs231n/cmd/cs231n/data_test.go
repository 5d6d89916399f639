package main

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/coco"
)

// TestDefaultData runs commands without --data, which find the data that the notebooks use. That val has fewer captions
// than they ask for shows which data that is.
func TestDefaultData(t *testing.T) {
	slow(t)
	t.Parallel()
	root := t.TempDir()
	ask := func(has int, env ...string) {
		t.Helper()
		cmd := command(t, "sample", "rnn", "-n", "1000000")
		cmd.Env = append(cmd.Environ(), append([]string{"CS231N_ROOT=" + root, "CS231N_QUICK=1", "CS231N_DATA="}, env...)...)
		o := finish(t, cmd)
		o.requireFault(t, 2, fmt.Sprintf("--images 1000000: val has only %d captions", has))
		require.Empty(t, o.stdout, "it is for programs")
	}
	ask(500)
	require.FileExists(t, filepath.Join(root, "datasets", "scenes-quick", "coco2014_captions.h5"))
	data, err := coco.Load(smallCaptions, coco.Options{})
	require.NoError(t, err)
	ask(data.Val.Len(), "CS231N_DATA="+smallCaptions)
	require.NoError(t, os.CopyFS(filepath.Join(root, "datasets", "coco_captioning"), os.DirFS(smallCaptions)))
	ask(data.Val.Len())
}

// TestFetch downloads a small archive through a proxy that answers for the course's server.
func TestFetch(t *testing.T) {
	slow(t)
	t.Parallel()
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	files, err := fs.Glob(os.DirFS(smallCaptions), "*2014*")
	require.NoError(t, err)
	for _, name := range files {
		w, err := z.Create("coco_captioning/" + name)
		require.NoError(t, err)
		_, err = w.Write(read(t, smallCaptions, name))
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	sum := fmt.Sprintf("%x", sha256.Sum256(archive.Bytes()))
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.String() != "http://cs231n.stanford.edu/coco_captioning.zip" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(archive.Bytes())
	}))
	defer proxy.Close()
	fetch := func(args ...string) outcome {
		cmd := command(t, append([]string{"data", "fetch"}, args...)...)
		cmd.Env = append(cmd.Environ(), "HTTP_PROXY="+proxy.URL, "http_proxy="+proxy.URL, "NO_PROXY=", "no_proxy=")
		return finish(t, cmd)
	}

	dir := filepath.Join(t.TempDir(), "coco")
	fetch(dir, "--sha256", sum[1:]+"0").requireFault(t, 1, sum, sum[1:]+"0")
	o := fetch("--json", dir, "--sha256", sum)
	o.requireDone(t)
	var got dataset
	require.NoError(t, json.Unmarshal([]byte(o.stdout), &got))
	require.Equal(t, dataset{"COCO", dir, coco.Fetched{Bytes: int64(archive.Len()), SHA256: sum, Files: files}}, got)
	require.True(t, coco.Present(dir))

	other := t.TempDir()
	for _, args := range [][]string{{"--replace", other}, {other, "--replace"}} {
		require.NoError(t, os.RemoveAll(other))
		require.NoError(t, os.CopyFS(other, os.DirFS(smallCaptions)))
		fetch(other).requireFault(t, 1, other, "was not downloaded")
		done := fetch(args...)
		done.requireDone(t, fmt.Sprintf("COCO is complete in %s: %d bytes downloaded, SHA-256 %s\n", other, archive.Len(), sum))
		require.NotContains(t, done.stdout, "\x1b")
		require.NotContains(t, done.stdout, "\r")
	}
}

// TestMakeInterrupted cancels the making of the scenes.
func TestMakeInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := filepath.Join(t.TempDir(), "scenes")
	var stdout, stderr bytes.Buffer
	status := run(ctx, []string{"data", "make", dir}, &stdout, &stderr)
	outcome{status, stdout.String(), stderr.String()}.requireFault(t, 130, dir)
	require.NoDirExists(t, dir)
	require.Equal(t, "the scenes data set is complete in d", dataset{Name: "the scenes data set", Dir: "d"}.String())
}

func TestDoctor(t *testing.T) {
	slow(t)
	t.Parallel()
	program(t, "doctor").requireDone(t, "Machine\n", "\nChosen\n", "  devices ")
	o := program(t, "doctor", "--json")
	o.requireDone(t)
	var report struct {
		Machine, Chosen map[string]string
		Backends        []struct{ Chosen bool }
	}
	require.NoError(t, json.Unmarshal([]byte(o.stdout), &report))
	require.NotEmpty(t, report.Machine["CPU"])
	require.NotEmpty(t, report.Chosen["devices"])

	cmd := command(t, "doctor", "--json")
	cmd.Env = append(cmd.Environ(), "GOMLX_BACKEND=abacus")
	o = finish(t, cmd)
	o.requireFault(t, 1, "abacus")
	require.Contains(t, o.stdout, `"chosen":null`, "the report all the same")
}
