package gan_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/gan"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// BenchmarkStep times one training iteration of each GAN: noise, D's and G's update, both losses.
// Compilation is left out. testdata/bench_torch.py times the same in PyTorch.
func BenchmarkStep(b *testing.B) {
	for _, model := range []string{"gan", "lsgan", "dcgan"} {
		b.Run(model, func(b *testing.B) {
			c, err := gan.Preset(model, rng.NewTorch(231))
			require.NoError(b, err)
			c.Images = realImages(b)
			c.Iters = b.N + 1
			c.OnStep = func(done, _ int, _ ...float64) {
				if done == 1 {
					b.ResetTimer() // the first iteration compiles
				}
			}
			_, err = gan.Train(context.Background(), testbackend.Get(b), c)
			require.NoError(b, err)
		})
	}
}
