package gan_test

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/gan"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/mnist"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// numTrain is how many of MNIST's training images the notebook trains on.
const numTrain = 50000

func realImages(t testing.TB) []byte {
	t.Helper()
	train, _, err := mnist.Load("")
	require.NoError(t, err)
	return train.Images[:numTrain*gan.Pixels]
}

// TestCurves trains each GAN from seed 231 next to PyTorch's losses. Lengths and tolerances say how far
// float32 rounding lets two correct programs agree: seen are 1e-6 for the first two and 4e-4 for the
// DCGAN, whose losses go apart by 100 times in the next five iterations.
func TestCurves(t *testing.T) {
	images := realImages(t)
	want := golden[map[string]curve](t, "curves.json")
	for _, c := range []struct {
		model     string
		iters     int
		tolerance float64
	}{
		{"gan", 20, 1e-5},
		{"lsgan", 20, 1e-4},
		{"dcgan", 3, 1e-3},
	} {
		t.Run(c.model, func(t *testing.T) {
			if testing.Short() && c.model == "dcgan" {
				t.Skip("skipped in short mode: compiling the DCGAN takes seconds")
			}
			config, err := gan.Preset(c.model, rng.NewTorch(231))
			require.NoError(t, err)
			config.Images, config.Iters = images, c.iters
			r, err := gan.Train(context.Background(), testbackend.Get(t), config)
			require.NoError(t, err)
			require.Len(t, r.D, c.iters)
			requireCurve(t, want[c.model].D, r.D, c.tolerance)
			requireCurve(t, want[c.model].G, r.G, c.tolerance)
		})
	}
}

// TestNotebookLines follows the notebook's random stream from cell to cell and compares the first line
// of each training run with the one that the original printed.
func TestNotebookLines(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: it draws the random numbers of twenty epochs")
	}
	images := realImages(t)
	type run struct{ Lines []string }
	pytorch := golden[map[string]run](t, "notebook.json")
	stream := rng.NewTorch(231)
	play := func(config gan.Config, err error) string {
		require.NoError(t, err)
		var log bytes.Buffer
		config.Images, config.Iters, config.Log = images, 1, &log
		_, err = gan.Train(context.Background(), testbackend.Get(t), config)
		require.NoError(t, err)
		return log.String()
	}
	train := func(model string) string { return play(gan.Preset(model, stream)) }
	// skip draws what is left of ten epochs after their first iteration.
	skip := func() {
		const batches = numTrain / gan.BatchSize
		for i := 1; i < 10*batches; i++ {
			if i%batches == 0 {
				stream.BaseSeed()
			}
			gan.SampleNoise(gan.BatchSize, 2*gan.NoiseDim, stream)
		}
	}

	gan.SampleNoise(3, 4, stream)
	gan.Discriminator(stream)
	gan.Generator(4, stream)
	require.Equal(t, "Iter: 0, D: 1.328, G:0.7202\n", train("gan"))
	skip()
	require.Equal(t, "Iter: 0, D: 0.5689, G:0.51\n", train("lsgan"))
	skip()
	stream.BaseSeed()
	gan.BuildDCClassifier(stream)
	gan.BuildDCClassifier(stream)

	// From here on the two machines differ. PyTorch on a CPU draws Xavier's weights from the same stream.
	here, err := stream.MarshalBinary()
	require.NoError(t, err)
	gan.InitializeWeights(gan.BuildDCGenerator(gan.NoiseDim, stream), stream)
	stream.Normal(make([]float32, gan.BatchSize*gan.NoiseDim), 0, 1)
	gan.BuildDCGenerator(4, stream)
	require.Equal(t, pytorch["dcgan"].Lines[0]+"\n", train("dcgan"))

	// The original moved its models to a GPU first, and took them from the GPU's stream.
	require.NoError(t, stream.UnmarshalBinary(here))
	cuda := rng.NewCUDA(231)
	gan.InitializeWeights(gan.BuildDCGenerator(gan.NoiseDim, stream), cuda)
	stream.Normal(make([]float32, gan.BatchSize*gan.NoiseDim), 0, 1)
	gan.BuildDCGenerator(4, stream)
	config, err := gan.Preset("gan", rng.NewTorch(0))
	config.Model, config.Stream = "dcgan", stream
	config.D = gan.BuildDCClassifier(stream)
	gan.InitializeWeights(config.D, cuda)
	config.G = gan.BuildDCGenerator(gan.NoiseDim, stream)
	gan.InitializeWeights(config.G, cuda)
	require.Equal(t, "Iter: 0, D: 1.403, G:1.433\n", play(config, err))
}

// tiny is a quick configuration on the first images.
func tiny(t *testing.T, dir string) gan.Config {
	t.Helper()
	c, err := gan.Preset("gan", rng.NewTorch(7))
	require.NoError(t, err)
	c.Images = realImages(t)[:100*gan.Pixels]
	c.BatchSize, c.Epochs, c.ShowEvery, c.SaveEvery = 16, 3, 5, 4
	c.Seed, c.Dir = 7, training.Folder(dir)
	return c
}

// TestResume stops a run twice in the middle, the first time between two checkpoints, and compares it with one
// that was left alone, whose calls begin at other iterations: same losses, same samples, same parameters, same place in the random stream.
func TestResume(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: it trains four times")
	}
	t.Parallel()
	backend := testbackend.Get(t)
	whole := tiny(t, t.TempDir())
	want, err := gan.Train(context.Background(), backend, whole)
	require.NoError(t, err)
	require.Equal(t, 18, want.Iteration, "3 epochs of 6 batches")

	dir := t.TempDir()
	for _, stopAt := range []int{2, 9} {
		c := tiny(t, dir)
		c.Resume = true
		ctx, cancel := context.WithCancel(context.Background())
		c.OnStep = func(done, total int, _ ...float64) {
			if done >= stopAt {
				cancel()
			}
		}
		_, err = gan.Train(ctx, backend, c)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorContains(t, err, "kept in "+dir)
		require.True(t, training.Folder(dir).Interrupted())
	}
	c := tiny(t, dir)
	c.Resume = true
	got, err := gan.Train(context.Background(), backend, c)
	require.NoError(t, err)
	require.False(t, training.Folder(dir).Interrupted())
	require.Equal(t, want, got)
	require.Equal(t, whole.G.Params(), c.G.Params())
	require.Equal(t, gan.SampleNoise(2, 2, whole.Stream), gan.SampleNoise(2, 2, c.Stream))

	loaded := tiny(t, "")
	kept, err := gan.Load(training.Folder(dir), loaded.D, loaded.G)
	require.NoError(t, err)
	require.Equal(t, want, kept)
	require.Equal(t, whole.D.Params(), loaded.D.Params())

	var history map[string]any
	data, err := os.ReadFile(filepath.Join(dir, "history.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &history))
	require.Equal(t, "gan", history["model"])
	require.Len(t, history["d"], 18)
	require.Len(t, history["g"], 18)
}

// TestNewRunKeepsTheOld starts anew in a folder that holds a run.
func TestNewRunKeepsTheOld(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mine := filepath.Join(dir, "notes.txt")
	require.NoError(t, os.WriteFile(mine, []byte("not a run's file"), 0o644))
	picture := filepath.Join(dir, "samples-000000.png")
	require.NoError(t, os.WriteFile(picture, []byte("the first run's picture"), 0o644))
	first := tiny(t, dir)
	first.Iters = 3
	old, err := gan.Train(context.Background(), testbackend.Get(t), first)
	require.NoError(t, err)
	second := tiny(t, dir)
	second.Iters = 2
	_, err = gan.Train(context.Background(), testbackend.Get(t), second)
	require.NoError(t, err)
	kept, err := gan.Load(training.Folder(filepath.Join(dir, "previous")), nil, nil)
	require.NoError(t, err)
	require.Equal(t, old, kept)
	require.FileExists(t, mine)
	require.NoFileExists(t, picture)
	require.FileExists(t, filepath.Join(dir, "previous", "samples-000000.png"))
}

func TestTrainRefuses(t *testing.T) {
	t.Parallel()
	backend := testbackend.Get(t)
	dir := t.TempDir()
	kept := tiny(t, dir)
	kept.Iters = 2
	_, err := gan.Train(context.Background(), backend, kept)
	require.NoError(t, err)
	broken := t.TempDir()
	checkpoint, err := os.ReadFile(filepath.Join(dir, "checkpoint.safetensors"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(broken, "checkpoint.safetensors"), checkpoint[:len(checkpoint)/2], 0o644))
	file := filepath.Join(dir, "history.json")

	for _, c := range []struct {
		name   string
		change func(c *gan.Config)
		says   string
	}{
		{"negative iterations", func(c *gan.Config) { c.Iters = -1 }, "cannot be negative"},
		{"half an image", func(c *gan.Config) { c.Images = c.Images[:1000] }, "whole images of 784"},
		{"too few images", func(c *gan.Config) { c.Images = c.Images[:15*784] }, "at least one batch of 16"},
		{"no stream", func(c *gan.Config) { c.Stream = nil }, "needs D, G"},
		{"another model's checkpoint", func(c *gan.Config) { c.Dir, c.Model = training.Folder(dir), "lsgan" }, `of model "gan", not of "lsgan"`},
		{"another seed", func(c *gan.Config) { c.Dir, c.Seed = training.Folder(dir), 8 }, "seed 7"},
		{"another network", func(c *gan.Config) { c.Dir, c.G = training.Folder(dir), gan.Generator(4, c.Stream) }, "does not fit the networks"},
		{"more layers", func(c *gan.Config) { c.Dir, c.D = training.Folder(dir), gan.BuildDCClassifier(c.Stream) }, "does not fit the networks"},
		{"half a checkpoint", func(c *gan.Config) { c.Dir = training.Folder(broken) }, "damaged or only half there"},
		{"folder is a file", func(c *gan.Config) { c.Dir = training.Folder(file) }, "cannot be written"},
		{"diverged", func(c *gan.Config) {
			c.GLoss = func(s *Node) *Node { return MulScalar(gan.GeneratorLoss(s), math.Inf(1)) }
		}, "has diverged"},
	} {
		t.Run(c.name, func(t *testing.T) { // one after the other: only one may train in a folder
			config := tiny(t, "")
			config.Resume = true
			c.change(&config)
			_, err := gan.Train(context.Background(), backend, config)
			require.ErrorContains(t, err, c.says)
			require.NotContains(t, err.Error(), "\n", "an error is one line")
		})
	}
	t.Cleanup(func() {
		after, err := os.ReadFile(filepath.Join(dir, "checkpoint.safetensors"))
		require.NoError(t, err)
		require.Equal(t, checkpoint, after, "no error may touch what was saved")
	})
}

func TestUnknownModel(t *testing.T) {
	t.Parallel()
	_, err := gan.Preset("wgan", rng.NewTorch(0))
	require.ErrorContains(t, err, "there are gan, lsgan and dcgan")
}

func TestLoadNothing(t *testing.T) {
	t.Parallel()
	_, err := gan.Load(training.Folder(t.TempDir()), nil, nil)
	require.ErrorContains(t, err, "train first")
}
