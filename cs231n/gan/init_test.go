package gan_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/gan"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// TestInit compares every start value with PyTorch's, bit for bit.
func TestInit(t *testing.T) {
	t.Parallel()
	type values map[string]struct{ Weight, Bias array }
	want := golden[map[string]values](t, "init.json")
	stream := rng.NewTorch(231)
	n := gan.Sequential(gan.Linear(4, 3, stream), gan.Conv2d(2, 3, 5, stream), gan.ConvTranspose2d(3, 2, stream))
	check := func(want values) {
		for i, name := range []string{"linear", "conv2d", "conv_transpose2d"} {
			params := n.Layers[i].Params()
			for j, w := range []array{want[name].Weight, want[name].Bias} {
				require.Equal(t, w.Shape, params[j].Dims, name)
				require.Equal(t, w.Data, params[j].Value, "%s, parameter %d", name, j)
			}
		}
	}
	check(want["default"])
	gan.InitializeWeights(n, stream)
	check(want["xavier"])
}

// TestInitOnGPU draws the weights from the other stream, layer after layer.
func TestInitOnGPU(t *testing.T) {
	t.Parallel()
	stream := rng.NewTorch(231)
	n := gan.Sequential(gan.Linear(4, 3, stream), gan.Conv2d(2, 3, 5, stream), gan.ConvTranspose2d(3, 2, stream))
	var want [][]float32
	for _, p := range n.Params() {
		want = append(want, slices.Clone(p.Value))
	}
	gan.InitializeWeights(n, rng.NewCUDA(231))

	cuda := rng.NewCUDA(231)
	xavier := func(count, fans int) []float32 {
		bound := math.Sqrt(6 / float64(fans))
		values := make([]float32, count)
		cuda.Uniform(values, -bound, bound)
		return values
	}
	want[0] = xavier(3*4, 3+4)
	want[4] = xavier(3*2*4*4, (3+2)*4*4)
	for i, p := range n.Params() {
		require.InDeltaSlice(t, want[i], p.Value, 1e-7, "parameter %d, %s", i, p.Name)
	}
}

func TestCountParams(t *testing.T) {
	t.Parallel()
	stream := rng.NewTorch(0)
	for _, c := range []struct {
		name  string
		net   *gan.Network
		count int
	}{
		{"discriminator", gan.Discriminator(stream), 267009},
		{"generator(4)", gan.Generator(4, stream), 1858320},
		{"dc classifier", gan.BuildDCClassifier(stream), 1102721},
		{"dc generator(4)", gan.BuildDCGenerator(4, stream), 6580801},
	} {
		require.Equal(t, c.count, gan.CountParams(c.net), c.name)
	}
}

func TestSampleNoise(t *testing.T) {
	t.Parallel()
	uniform := make([]float32, 3*4)
	rng.NewTorch(231).Uniform(uniform, 0, 1)
	noise := gan.SampleNoise(3, 4, rng.NewTorch(231))
	for i, u := range uniform {
		require.Equal(t, u*2-1, noise[i])
	}
}
