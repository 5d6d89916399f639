package gan_test

import (
	"io/fs"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/gan"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// TestSample compares samples with the outputs of a generator with batch normalization for whole batches.
func TestSample(t *testing.T) {
	t.Parallel()
	g, backend, stream := small(t).G, testbackend.Get(t), rng.NewTorch(3)
	var want []float32
	for range 2 {
		noise := gan.SampleNoise(gan.BatchSize, 5, stream)
		out, err := g.Call(backend, tensors.FromFlatDataAndDimensions(noise, gan.BatchSize, 5))
		require.NoError(t, err)
		want = append(want, tensors.MustCopyFlatData[float32](out)...)
	}
	const n = gan.BatchSize + 2
	var done []int
	s := gan.Sampler{G: g, NoiseDim: 5, Progress: func(i, total int) { done = append(done, i, total) }}
	got, err := s.Sample(backend, n, rng.NewTorch(3))
	require.NoError(t, err)
	require.InDeltaSlice(t, want[:n*gan.Pixels], got, testbackend.Tolerance(t, 0, 1e-5))
	require.Equal(t, []int{gan.BatchSize, n, n, n}, done)

	few, err := s.Sample(backend, 3, rng.NewTorch(3))
	require.NoError(t, err)
	require.Equal(t, got[:3*gan.Pixels], few, "the statistics are those of a full batch")

	_, err = s.Sample(backend, 0, rng.NewTorch(3))
	require.ErrorContains(t, err, "cannot draw 0 images")
	_, err = gan.Sampler{G: g}.Sample(backend, 3, rng.NewTorch(3))
	require.ErrorContains(t, err, "needs G, NoiseDim")
}

func TestLoadSampler(t *testing.T) {
	t.Parallel()
	dir, o := t.TempDir(), options("")
	_, _, err := gan.LoadSampler(training.Folder(dir), "lsgan")
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, "train one: cs231n train lsgan")

	config, err := gan.Preset("lsgan", rng.NewTorch(1))
	require.NoError(t, err)
	config.Images, o.Iters, o.Folder = realImages(t)[:100*gan.Pixels], 1, training.Folder(dir)
	train(t, config, o)
	s, r, err := gan.LoadSampler(o.Folder, "lsgan")
	require.NoError(t, err)
	require.Equal(t, 1, r.Iteration)
	require.Equal(t, values(config.G), values(s.G))
	images, err := s.Sample(testbackend.Get(t), 2, rng.NewTorch(0))
	require.NoError(t, err)
	require.Len(t, images, 2*gan.Pixels)

	_, _, err = gan.LoadSampler(o.Folder, "gan")
	require.ErrorContains(t, err, `of model "lsgan", not of "gan"`)
	_, _, err = gan.LoadSampler(o.Folder, "vae")
	require.ErrorContains(t, err, `unknown model "vae"`)
}
