package digits_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"sync"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/digits"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/mnist"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// mnistSets reads MNIST once for all tests.
var mnistSets = sync.OnceValues(func() (sets [2]mnist.Set, err error) {
	sets[0], sets[1], err = mnist.Load("")
	return sets, err
})

func sets(t testing.TB) (train, test mnist.Set) {
	t.Helper()
	sets, err := mnistSets()
	require.NoError(t, err)
	return sets[0], sets[1]
}

// first returns the first n images of a set.
func first(set mnist.Set, n int) mnist.Set {
	set.Images, set.Labels, set.N = set.Images[:n*set.Rows*set.Cols], set.Labels[:n], n
	return set
}

// small returns a classifier with a few training images, and options for a short run.
func small(t testing.TB, folder string) (digits.Config, training.Options) {
	t.Helper()
	train, _ := sets(t)
	c := digits.Config{Net: digits.Classifier(rng.NewTorch(231)), Train: first(train, 3000), Stream: rng.NewNumPy(231)}
	return c, training.Options{BatchSize: 32, Iters: 101, Seed: 231, Folder: training.Folder(folder)}
}

// TestLearns trains briefly and compares the test accuracy with that of an untrained network. The full training, eight
// epochs on all images, reaches more than 99%.
func TestLearns(t *testing.T) {
	t.Parallel()
	backend := testbackend.Get(t)
	_, test := sets(t)
	test = first(test, 1000)
	c, o := small(t, t.TempDir())
	before, err := digits.Accuracy(backend, c.Net, test)
	require.NoError(t, err)
	require.InDelta(t, 0.1, before, 0.1, "guesses")
	var log bytes.Buffer
	o.Log = &log
	r, err := training.Run(context.Background(), backend, c, o)
	require.NoError(t, err)
	require.InDelta(t, 2.3, r.Losses[0][0], 0.1, "log 10")
	require.Regexp(t, `\AIteration 1 of 101, loss: 2\.[23]\d{3}\nIteration 101 of 101, loss: \d\.\d{4}\n\z`, log.String())
	after, err := digits.Accuracy(backend, c.Net, test)
	require.NoError(t, err)
	require.Greater(t, after, 0.85)

	net, kept, err := digits.Load(o.Folder)
	require.NoError(t, err)
	require.Equal(t, r, kept)
	loaded, err := digits.Accuracy(backend, net, test)
	require.NoError(t, err)
	require.Equal(t, after, loaded)
}

// TestResume stops and resumes a run and compares it with an uninterrupted one.
func TestResume(t *testing.T) {
	t.Parallel()
	backend := testbackend.Get(t)
	begin := func() (digits.Config, training.Options) {
		c, o := small(t, "")
		c.Train, o.BatchSize, o.Iters = first(c.Train, 120), 30, 10
		return c, o
	}
	whole, o := begin() // the learning rate decays after every fourth iteration
	want, err := training.Run(context.Background(), backend, whole, o)
	require.NoError(t, err)
	o.Folder, o.Resume = training.Folder(t.TempDir()), true
	for _, until := range []int{6, 10} {
		c, _ := begin()
		o.Iters = until
		got, err := training.Run(context.Background(), backend, c, o)
		require.NoError(t, err)
		require.InEpsilonSlice(t, want.Losses[0][:until], got.Losses[0], testbackend.Tolerance(t, 1e-15, 1e-3))
	}
}

// TestLoadRefuses loads folders without a trained classifier.
func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, _, err := digits.Load(training.Folder(dir))
	require.EqualError(t, err, fmt.Sprintf("digits: no classifier in %s (file does not exist); train one: cs231n train digits --out %[1]q", dir))
	require.ErrorIs(t, err, fs.ErrNotExist)

	c, o := small(t, dir)
	ctx, cancel := context.WithCancel(context.Background())
	o.Iters, o.OnStep = 40, func(int, int, ...float64) { cancel() }
	_, err = training.Run(ctx, testbackend.Get(t), c, o)
	require.ErrorIs(t, err, context.Canceled)
	_, _, err = digits.Load(training.Folder(dir))
	require.Regexp(t, fmt.Sprintf(`^digits: training in %s stopped after iteration \d+ of 40; continue it: cs231n train digits --resume --out "%[1]s"$`, dir), err)

	other, o := small(t, t.TempDir())
	task, err := other.Task()
	require.NoError(t, err)
	task.Model, o.Iters = "dcgan", 1
	_, err = training.Run(context.Background(), testbackend.Get(t), task, o)
	require.NoError(t, err)
	_, _, err = digits.Load(o.Folder)
	require.ErrorContains(t, err, `is a checkpoint of model "dcgan", not of "digits"; choose another folder`)
}

// TestAccuracy evaluates a network whose scores are its biases: it always predicts 7.
func TestAccuracy(t *testing.T) {
	t.Parallel()
	_, test := sets(t)
	test = first(test, 1300) // the last batch is not full
	sevens := 0
	for _, label := range test.Labels {
		if label == 7 {
			sevens++
		}
	}
	bias := make([]float32, 10)
	bias[7] = 1
	net := digits.Classifier(nil)
	params := net.Params()
	require.NoError(t, params[len(params)-1].SetValue(tensors.FromValue(bias)))
	accuracy, err := digits.Accuracy(testbackend.Get(t), net, test)
	require.NoError(t, err)
	require.Equal(t, float64(sevens)/1300, accuracy)
}

// TestPixels reads an image as a 1 if its first pixel is above 254/255.
func TestPixels(t *testing.T) {
	t.Parallel()
	net := nn.Sequential(nn.Linear(784, 10, nil))
	weight, bias := make([]float32, 10*784), make([]float32, 10)
	weight[784], bias[1] = 1, -254.5/255
	require.NoError(t, net.Params()[0].SetValue(tensors.FromFlatDataAndDimensions(weight, 10, 784)))
	require.NoError(t, net.Params()[1].SetValue(tensors.FromValue(bias)))
	for pixel, want := range map[uint8]float64{254: 0, 255: 1} {
		images := make([]uint8, 784)
		images[0] = pixel
		accuracy, err := digits.Accuracy(testbackend.Get(t), net, mnist.Set{N: 1, Rows: 28, Cols: 28, Images: images, Labels: []uint8{1}})
		require.NoError(t, err)
		require.Equal(t, want, accuracy, pixel)
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change  func(c *digits.Config)
		wantErr string
	}{
		"no network":   {func(c *digits.Config) { c.Net = nil }, "needs a Net and a Stream"},
		"no stream":    {func(c *digits.Config) { c.Stream = nil }, "needs a Net and a Stream"},
		"no images":    {func(c *digits.Config) { c.Train = mnist.Set{} }, "cannot train on 0 images of 0×0; Train needs images of 28×28"},
		"other images": {func(c *digits.Config) { c.Train.Rows = 14 }, "cannot train on 3000 images of 14×28"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config, o := small(t, "")
			c.change(&config)
			_, err := training.Run(context.Background(), testbackend.Get(t), config, o)
			require.ErrorContains(t, err, c.wantErr)
		})
	}
	require.Equal(t, 80202, nn.CountParams(digits.Classifier(nil)))
}
