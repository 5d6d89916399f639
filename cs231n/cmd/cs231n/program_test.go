package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/gan"
	"github.com/cs231n-go/assignment3/cs231n/internal/faults"
	"github.com/cs231n-go/assignment3/cs231n/mnist"
)

// binDir is the environment variable with the folder that TestMain makes for the program.
const binDir = "CS231N_TEST_BIN"

// build makes the real program, once.
var build = sync.OnceValues(func() (path string, err error) {
	path = filepath.Join(os.Getenv(binDir), "cs231n")
	if out, err := exec.Command("go", "build", "--buildvcs=false", "-o", path, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w: %s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "cs231n-test")
		if err == nil {
			defer os.RemoveAll(dir)
			err = os.Setenv(binDir, dir)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "no folder for the program:", err)
			return 1
		}
		return m.Run()
	}())
}

// slow skips a test that trains in short mode.
func slow(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("skipped in short mode: builds the program and trains with it")
	}
}

// command prepares the real program. It runs in the package's folder, where it finds the checkout's plugin.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	path, err := build()
	require.NoError(t, err)
	return exec.Command(path, args...)
}

// program runs the real program to its end.
func program(t *testing.T, args ...string) outcome {
	t.Helper()
	return finish(t, command(t, args...))
}

func finish(t *testing.T, cmd *exec.Cmd) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// requireDone checks a run that came to its end.
func (o outcome) requireDone(t *testing.T, says ...string) {
	t.Helper()
	require.Zero(t, o.status, "%+v", o)
	require.Empty(t, o.stderr)
	for _, text := range says {
		require.Contains(t, o.stdout, text)
	}
}

// idx is an IDX file of bytes, compressed.
func idx(t *testing.T, data []byte, dims ...uint32) []byte {
	t.Helper()
	var file bytes.Buffer
	z := gzip.NewWriter(&file)
	_, err := z.Write([]byte{0, 0, 8, byte(len(dims))})
	require.NoError(t, err)
	require.NoError(t, binary.Write(z, binary.BigEndian, dims))
	_, err = z.Write(data)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return file.Bytes()
}

const (
	trainImages = "train-images-idx3-ubyte.gz"
	trainLabels = "train-labels-idx1-ubyte.gz"
)

// mnistSets reads MNIST once for all tests.
var mnistSets = sync.OnceValues(func() (sets [2]mnist.Set, err error) {
	sets[0], sets[1], err = mnist.Load("")
	return sets, err
})

// someDigits makes a folder with MNIST's first n training images: few, so that epochs are short.
func someDigits(t *testing.T, n int) string { return digitsFolder(t, n, 16) }

// digitsFolder makes a folder with MNIST's first n training images and a few test images.
func digitsFolder(t *testing.T, n, few int) string {
	t.Helper()
	sets, err := mnistSets()
	require.NoError(t, err)
	train, test := sets[0], sets[1]
	dir := t.TempDir()
	const side = gan.Side
	for name, content := range map[string][]byte{
		trainImages:                 idx(t, train.Images[:n*gan.Pixels], uint32(n), side, side),
		trainLabels:                 idx(t, train.Labels[:n], uint32(n)),
		"t10k-images-idx3-ubyte.gz": idx(t, test.Images[:few*gan.Pixels], uint32(few), side, side),
		"t10k-labels-idx1-ubyte.gz": idx(t, test.Labels[:few], uint32(few)),
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o644))
	}
	return dir
}

func read(t *testing.T, path ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(path...))
	require.NoError(t, err)
	return data
}

type curve struct {
	Model string
	Seed  uint64
	D, G  []float64
}

// TestTrain trains on MNIST and compares with PyTorch's losses, then asks for more and for less.
func TestTrain(t *testing.T) {
	slow(t)
	t.Parallel()
	out := filepath.Join(t.TempDir(), "new", "run")
	o := program(t, "train", "gan", "--seed", "231", "--iters", "18", "--out", out)
	o.requireDone(t, "Iter: 0, D: 1.327, G:0.6756\n", "gan: 18 iterations done, kept in "+out)

	more := program(t, "train", "gan", "--iters", "20", "--out", out, "--resume")
	more.requireDone(t, "at iteration 18 of 20", "gan: 20 iterations done")

	var got curve
	history := read(t, out, "history.json")
	require.NoError(t, json.Unmarshal(history, &got))
	var pytorch map[string]curve
	require.NoError(t, json.Unmarshal(read(t, "..", "..", "gan", "testdata", "curves.json"), &pytorch))
	require.Equal(t, "gan", got.Model)
	require.EqualValues(t, 231, got.Seed)
	require.InEpsilonSlice(t, pytorch["gan"].D[:20], got.D, 1e-5)
	require.InEpsilonSlice(t, pytorch["gan"].G[:20], got.G, 1e-5)

	picture, err := png.Decode(bytes.NewReader(read(t, out, "samples-000000.png")))
	require.NoError(t, err)
	require.GreaterOrEqual(t, picture.Bounds().Dx(), 4*gan.Side)
	require.GreaterOrEqual(t, picture.Bounds().Dy(), 4*gan.Side)
	files, err := filepath.Glob(filepath.Join(out, "*"))
	require.NoError(t, err)
	require.Len(t, files, 3, "checkpoint, history and one picture")

	before := read(t, out, "checkpoint.safetensors")
	for i, iters := range []string{"20", "5"} {
		// A kill between the two files of the last save leaves a checkpoint without its history, and a bad disk a
		// damaged one.
		require.NoError(t, os.Remove(filepath.Join(out, "history.json")))
		if i > 0 {
			require.NoError(t, os.WriteFile(filepath.Join(out, "history.json"), faults.Damage(faults.Random(), history), 0o600))
		}
		done := program(t, "train", "gan", "--iters", iters, "--out", out, "--resume")
		done.requireDone(t, "gan: nothing left to do", "has 20 iterations already")
		require.Equal(t, before, read(t, out, "checkpoint.safetensors"))
		require.Equal(t, history, read(t, out, "history.json"))
	}
}

// TestPureGo trains where no XLA plugin is.
func TestPureGo(t *testing.T) {
	slow(t)
	t.Parallel()
	cmd := command(t, "train", "gan", "--iters", "1", "--out", t.TempDir())
	cmd.Env = append(cmd.Environ(), "GOMLX_BACKEND=go")
	finish(t, cmd).requireDone(t, "Iter: 0, D: 1.327, G:0.6756\n")
}
