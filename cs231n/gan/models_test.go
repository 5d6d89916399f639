package gan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/gan"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

func TestCountParams(t *testing.T) {
	t.Parallel()
	stream := rng.NewTorch(0)
	for _, c := range []struct {
		name  string
		net   *nn.Network
		count int
	}{
		{"discriminator", gan.Discriminator(stream), 267009},
		{"generator(4)", gan.Generator(4, stream), 1858320},
		{"dc classifier", gan.BuildDCClassifier(stream), 1102721},
		{"dc generator(4)", gan.BuildDCGenerator(4, stream), 6580801},
	} {
		require.Equal(t, c.count, nn.CountParams(c.net), c.name)
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
