package rng_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/rng"
)

func BenchmarkTorch(b *testing.B) {
	x := make([]float32, 128*96) // the noise of one GAN minibatch
	keep := make([]bool, len(x))
	labels := make([]int32, len(x))
	for _, bench := range []struct {
		name string
		draw func(*rng.Torch)
	}{
		{"Uniform", func(s *rng.Torch) { s.Uniform(x, -1, 1) }},
		{"Normal", func(s *rng.Torch) { s.Normal(x, 0, 0.02) }},
		{"RandInts", func(s *rng.Torch) { s.RandInts(labels, 1000) }},
		{"Dropout", func(s *rng.Torch) { s.Dropout(keep, 0.9) }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			s := rng.NewTorch(231)
			b.SetBytes(int64(len(x)))
			for b.Loop() {
				bench.draw(s)
			}
			require.NoError(b, s.Err())
		})
	}
}

func BenchmarkCUDA(b *testing.B) {
	x := make([]float32, 1024*6272) // the largest weight of the convolutional GAN
	s := rng.NewCUDA(231)
	b.SetBytes(int64(len(x)))
	for b.Loop() {
		s.Uniform(x, -0.03, 0.03)
	}
}

func BenchmarkNumPyRandn(b *testing.B) {
	x := make([]float64, 128*96)
	s := rng.NewNumPy(231)
	b.SetBytes(int64(len(x)))
	for b.Loop() {
		s.Randn(x)
	}
}

// BenchmarkFile measures a call that draws from a stream bound to a file.
func BenchmarkFile(b *testing.B) {
	s, err := rng.OpenTorch(filepath.Join(b.TempDir(), "torch.rng"))
	require.NoError(b, err)
	for b.Loop() {
		s.BaseSeed()
	}
	require.NoError(b, s.Err())
}
