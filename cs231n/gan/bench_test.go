package gan_test

import (
	"context"
	"slices"
	"testing"
	"time"

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
			var steps []float64 // in milliseconds
			last := time.Now()
			c.OnStep = func(done, _ int, _ ...float64) {
				now := time.Now()
				if done == 1 {
					b.ResetTimer() // the first iteration compiles
				} else {
					steps = append(steps, now.Sub(last).Seconds()*1e3)
				}
				last = now
			}
			_, err = gan.Train(context.Background(), testbackend.Get(b), c)
			require.NoError(b, err)
			slices.Sort(steps)
			b.ReportMetric(steps[len(steps)/2], "median-ms")
			b.ReportMetric(steps[0], "min-ms")
		})
	}
}
