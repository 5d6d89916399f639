package gan_test

import (
	"bytes"
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/gan"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/mnist"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// numTrain is the number of MNIST images that the notebook trains on.
const numTrain = 50000

// mnistImages reads MNIST once for all tests.
var mnistImages = sync.OnceValues(func() ([]byte, error) {
	train, _, err := mnist.Load("")
	return train.Images[:numTrain*gan.Pixels], err
})

func realImages(t testing.TB) []byte {
	t.Helper()
	images, err := mnistImages()
	require.NoError(t, err)
	return images
}

// TestCurves trains each GAN from seed 231 and compares the losses with PyTorch's. Lengths and tolerances reflect how
// closely two correct programs agree in float32. The measured differences are 1e-6 for the first two and 4e-4 for the
// DCGAN, whose difference grows a hundredfold in the next five iterations.
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
			config.Images = images
			r, err := training.Run(context.Background(), testbackend.Get(t), config, training.Options{Iters: c.iters})
			require.NoError(t, err)
			require.Equal(t, []string{"D", "G"}, r.Names)
			require.Len(t, r.Losses[0], c.iters)
			requireCurve(t, want[c.model].D, r.Losses[0], c.tolerance)
			requireCurve(t, want[c.model].G, r.Losses[1], c.tolerance)
		})
	}
}

// TestNotebookLines follows the notebook's random stream from cell to cell and compares the first line of each training run
// with the original's.
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
		config.Images = images
		_, err = training.Run(context.Background(), testbackend.Get(t), config, training.Options{Iters: 1, Log: &log})
		require.NoError(t, err)
		return log.String()
	}
	train := func(model string) string { return play(gan.Preset(model, stream)) }
	// skip makes the draws of ten epochs except those of the first iteration.
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
