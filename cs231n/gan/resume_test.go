package gan_test

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"sync"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/gan"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// small returns two narrow networks and a few images, for short runs.
func small(t *testing.T) gan.Config {
	t.Helper()
	s := rng.NewTorch(7)
	return gan.Config{
		Model: "gan", Stream: s,
		D:       nn.Sequential(nn.Linear(gan.Pixels, 3, s), nn.LeakyReLU(0.01), nn.Linear(3, 1, s)),
		G:       nn.Sequential(nn.Linear(5, 7, s), nn.ReLU(), nn.BatchNorm(7), nn.Linear(7, gan.Pixels, s), nn.TanH()),
		DSolver: gan.GetOptimizer("D"), GSolver: gan.GetOptimizer("G"),
		DLoss: gan.DiscriminatorLoss, GLoss: gan.GeneratorLoss,
		Images: realImages(t)[:100*gan.Pixels], Epochs: 3,
	}
}

// options returns the options of a small run: 3 epochs of 6 batches.
func options(dir string) training.Options {
	return training.Options{BatchSize: 16, LogEvery: 5, SaveEvery: 4, Seed: 7, Folder: training.Folder(dir)}
}

func train(t *testing.T, c gan.Config, o training.Options) *training.Result {
	t.Helper()
	r, err := training.Run(context.Background(), testbackend.Get(t), c, o)
	require.NoError(t, err)
	return r
}

// values returns the values of all parameters.
func values(n *nn.Network) (all [][]float32) {
	for _, p := range n.Params() {
		all = append(all, tensors.MustCopyFlatData[float32](p.Value))
	}
	return all
}

// uninterrupted returns a small run that nothing disturbed, with its networks and stream. Tests share it and must not change
// it.
func uninterrupted(t *testing.T) (gan.Config, *training.Result) {
	t.Helper()
	undisturbed.Lock()
	defer undisturbed.Unlock()
	if undisturbed.result == nil {
		undisturbed.config = small(t)
		undisturbed.result = train(t, undisturbed.config, options(t.TempDir()))
	}
	return undisturbed.config, undisturbed.result
}

var undisturbed struct {
	sync.Mutex
	config gan.Config
	result *training.Result
}

// TestResume stops a run twice, the first time between two checkpoints, and compares it with an uninterrupted one, whose
// calls begin at other iterations: losses, samples, parameters and the state of the random stream must be the same.
func TestResume(t *testing.T) {
	t.Parallel()
	whole, want := uninterrupted(t)
	require.Equal(t, 18, want.Iteration, "3 epochs of 6 batches")
	require.Len(t, want.Samples, 4)
	require.Len(t, want.Samples[3].Images, 16)

	dir := t.TempDir()
	for _, stopAt := range []int{2, 9} {
		o := options(dir)
		o.Resume = true
		ctx, cancel := context.WithCancel(context.Background())
		o.OnStep = func(done, _ int, _ ...float64) {
			if done >= stopAt {
				cancel()
			}
		}
		_, err := training.Run(ctx, testbackend.Get(t), small(t), o)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorContains(t, err, "saved in "+dir)
	}
	c, o := small(t), options(dir)
	o.Resume = true
	got := train(t, c, o)
	loaded := small(t)
	kept, err := gan.Load(training.Folder(dir), loaded.D, loaded.G)
	require.NoError(t, err)
	require.Equal(t, got, kept)
	require.Equal(t, values(c.D), values(loaded.D))
	require.Equal(t, state(t, whole.Stream), state(t, c.Stream))
	if !testbackend.Exact(t) {
		require.InEpsilonSlice(t, want.Losses[0], got.Losses[0], 1e-3)
		return
	}
	require.Equal(t, want, got)
	require.Equal(t, values(whole.G), values(c.G))
}

// TestEarlierVersion loads and resumes a checkpoint that an earlier version (commit fe0ed46) wrote after four iterations.
// The losses must be those of that version.
func TestEarlierVersion(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS("testdata/v1")))
	var want struct{ D, G, Params []float64 }
	data, err := os.ReadFile("testdata/v1/want.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &want))

	kept, err := gan.Load(training.Folder(dir), small(t).D, nil)
	require.NoError(t, err)
	require.Equal(t, 4, kept.Iteration)
	require.Equal(t, []int{0}, []int{kept.Samples[0].Iteration})
	c, o := small(t), options(dir)
	o.Resume, o.SaveEvery, o.Iters = true, 3, 8
	r := train(t, c, o)
	var squares []float64
	for _, p := range append(values(c.D), values(c.G)...) {
		sum := 0.0
		for _, v := range p {
			sum += float64(v) * float64(v)
		}
		squares = append(squares, sum)
	}
	// The rounding depends on the processor.
	require.InEpsilonSlice(t, want.D, r.Losses[0], testbackend.Tolerance(t, 1e-6, 1e-3))
	require.InEpsilonSlice(t, want.G, r.Losses[1], testbackend.Tolerance(t, 1e-6, 1e-3))
	require.InEpsilonSlice(t, want.Params, squares, testbackend.Tolerance(t, 1e-6, 1e-2))
}

// TestNewRunKeepsTheOld starts a new run in a folder that has one already.
func TestNewRunKeepsTheOld(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mine, picture := filepath.Join(dir, "notes.txt"), filepath.Join(dir, "samples-000000.png")
	require.NoError(t, os.WriteFile(mine, []byte("not a run's file"), 0o644))
	require.NoError(t, os.WriteFile(picture, []byte("the first run's picture"), 0o644))
	o := options(dir)
	o.Iters = 3
	old := train(t, small(t), o)
	o.Iters = 2
	train(t, small(t), o)
	kept, err := gan.Load(training.Folder(filepath.Join(dir, "previous")), nil, nil)
	require.NoError(t, err)
	require.Equal(t, old, kept)
	require.FileExists(t, mine)
	require.NoFileExists(t, picture)
	require.FileExists(t, filepath.Join(dir, "previous", "samples-000000.png"))
}

// TestTrainRefuses expects one-line errors and an unchanged folder.
func TestTrainRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := options(dir)
	o.Iters = 2
	train(t, small(t), o)
	checkpoint, err := os.ReadFile(filepath.Join(dir, "checkpoint.safetensors"))
	require.NoError(t, err)
	for _, c := range []struct {
		name    string
		change  func(c *gan.Config, o *training.Options)
		wantErr string
	}{
		{"half an image", func(c *gan.Config, _ *training.Options) { c.Images = c.Images[:1000] }, "whole images of 784"},
		{"no images", func(c *gan.Config, _ *training.Options) { c.Images = nil }, "whole images of 784"},
		{"too few images", func(c *gan.Config, _ *training.Options) { c.Images = c.Images[:15*784] }, "a batch cannot have 16 images; it needs at least 16 and at most the 15 in Images"},
		{"too small a batch", func(_ *gan.Config, o *training.Options) { o.BatchSize = 15 }, "a batch cannot have 15 images"},
		{"no stream", func(c *gan.Config, _ *training.Options) { c.Stream = nil }, "needs D, G"},
		{"another model's checkpoint", func(c *gan.Config, _ *training.Options) { c.Model = "lsgan" }, `of model "gan", not of "lsgan"`},
		{"another seed", func(_ *gan.Config, o *training.Options) { o.Seed = 8 }, "seed 7, not with seed 8"},
		{"other images", func(c *gan.Config, _ *training.Options) { c.Images = c.Images[:50*784] }, "number of images 100, not with number of images 50"},
		{"another network", func(c *gan.Config, _ *training.Options) { c.G = gan.Generator(4, c.Stream) }, "does not match the model"},
		{"more layers", func(c *gan.Config, _ *training.Options) { c.D = gan.BuildDCClassifier(c.Stream) }, "does not match the model"},
		{"a G that begins otherwise", func(c *gan.Config, _ *training.Options) {
			c.G = nn.Sequential(nn.ReLU(), nn.Linear(5, 784, c.Stream))
		}, "G does not begin with a Linear layer; set Config.NoiseDim"},
		{"a G that begins with a convolution", func(c *gan.Config, _ *training.Options) {
			c.G = nn.Sequential(nn.ConvTranspose2d(5, 1, 4, c.Stream))
		}, "G does not begin with a Linear layer; set Config.NoiseDim"},
		{"diverged", func(c *gan.Config, o *training.Options) {
			o.Folder = ""
			c.GLoss = func(s *Node) *Node { return MulScalar(gan.GeneratorLoss(s), math.Inf(1)) }
		}, "has diverged"},
	} {
		t.Run(c.name, func(t *testing.T) { // one after the other: only one may train in a folder
			config, o := small(t), options(dir)
			o.Resume = true
			c.change(&config, &o)
			_, err := training.Run(context.Background(), testbackend.Get(t), config, o)
			require.ErrorContains(t, err, c.wantErr)
			require.NotContains(t, err.Error(), "\n", "an error is one line")
		})
	}
	after, err := os.ReadFile(filepath.Join(dir, "checkpoint.safetensors"))
	require.NoError(t, err)
	require.Equal(t, checkpoint, after, "no error may touch what was saved")
}

// state returns the state of a random stream.
func state(t *testing.T, s *rng.Torch) []byte {
	t.Helper()
	bytes, err := s.MarshalBinary()
	require.NoError(t, err)
	return bytes
}

// TestNoiseDim trains a G that does not begin with a Linear.
func TestNoiseDim(t *testing.T) {
	t.Parallel()
	c, plain := small(t), small(t)
	c.G = nn.Sequential(append([]nn.Layer{nn.Flatten()}, small(t).G.Layers...)...)
	for i, p := range c.G.Params() {
		p.Value = plain.G.Params()[i].Value
	}
	c.NoiseDim = 5
	o := options("")
	o.Iters = 3
	_, want := uninterrupted(t)
	for i, losses := range train(t, c, o).Losses {
		require.Equal(t, want.Losses[i][:o.Iters], losses)
	}
}

// TestBatchNormInD tests a discriminator with batch normalization. As in PyTorch, D scores real and fake images separately,
// since a joint batch would have other statistics.
func TestBatchNormInD(t *testing.T) {
	t.Parallel()
	c := small(t)
	c.D = nn.Sequential(nn.Linear(gan.Pixels, 3, c.Stream), nn.BatchNorm(3), nn.LeakyReLU(0.01), nn.Linear(3, 1, c.Stream))
	var together, apart float64
	noise := rng.NewTorch(0)
	state, err := c.Stream.MarshalBinary()
	require.NoError(t, err)
	require.NoError(t, noise.UnmarshalBinary(state))
	noise.BaseSeed()
	z := tensors.FromFlatDataAndDimensions(gan.SampleNoise(16, 5, noise), 16, 5)
	pixels := make([]float32, 16*gan.Pixels)
	for i := range pixels {
		pixels[i] = 2 * (float32(c.Images[i])/255 - 0.5)
	}
	params := append(c.D.Params(), c.G.Params()...)
	out, err := nn.Compute(testbackend.Get(t), params, []any{tensors.FromFlatDataAndDimensions(pixels, 16, gan.Pixels), z}, func(p nn.Values, in []*Node) []*Node {
		fake := p.Apply(c.G, in[1])
		both := p.Apply(c.D, Concatenate([]*Node{in[0], fake}, 0))
		return []*Node{
			gan.DiscriminatorLoss(p.Apply(c.D, in[0]), p.Apply(c.D, fake)),
			gan.DiscriminatorLoss(SliceAxis(both, 0, AxisRange(0, 16)), SliceAxis(both, 0, AxisRange(16))),
		}
	})
	require.NoError(t, err)
	apart, together = float64(tensors.ToScalar[float32](out[0])), float64(tensors.ToScalar[float32](out[1]))
	require.Greater(t, math.Abs(apart-together), 1e-2, "the two differ")
	o := options("")
	o.Iters = 12
	r := train(t, c, o)
	require.InEpsilon(t, apart, r.Losses[0][0], 1e-5)
	require.Less(t, r.Losses[0][11], r.Losses[0][0], "D learns")
}

func TestUnknownModel(t *testing.T) {
	t.Parallel()
	_, err := gan.Preset("wgan", rng.NewTorch(0))
	require.ErrorContains(t, err, "choose gan, lsgan or dcgan")
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	_, err := gan.Load(training.Folder(t.TempDir()), nil, nil)
	require.ErrorContains(t, err, "train first")
	_, err = gan.Load("testdata/v1", gan.Discriminator(nil), nil)
	require.ErrorContains(t, err, "does not match the model")
}
