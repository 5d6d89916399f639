package captioning_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/captioning"
	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// random is a data set of the course's dimensions with random content.
func random(images, captions int) *coco.Data {
	const words, length, dim = 1004, 17, 512
	s := rng.NewNumPy(1)
	vocab := coco.Vocab{Words: []string{coco.Null, coco.Start, coco.End, coco.Unknown}, IDs: map[string]int{}}
	for i := len(vocab.Words); i < words; i++ {
		vocab.Words = append(vocab.Words, fmt.Sprintf("word%d", i))
	}
	for i, w := range vocab.Words {
		vocab.IDs[w] = i
	}
	features := make([]float64, images*dim)
	s.Randn(features)
	split := coco.Split{Length: length, Dim: dim, URLs: make([]string, images)}
	for _, f := range features {
		split.Features = append(split.Features, float32(f))
	}
	for i := range captions {
		caption := make([]int, length)
		s.RandInts(caption, words)
		for t, w := range caption {
			if t > length-1-i%8 {
				w = 0
			}
			split.Captions = append(split.Captions, int32(w))
		}
		split.ImageIdxs = append(split.ImageIdxs, int32(i%images))
	}
	return &coco.Data{Train: split, Val: split, Vocab: vocab}
}

// timeSteps trains for some steps and returns the time of the first, which compiles, and the median of the
// others, in milliseconds.
func timeSteps(tb testing.TB, m captioning.Model, data *coco.Data) (first, median float64) {
	tb.Helper()
	var times []float64
	last := time.Now()
	_, err := captioning.Solver{
		Model: m, Data: data, Stream: rng.NewNumPy(3), UpdateRule: "adam", LearningRate: 1e-3, BatchSize: 25, Iters: 40,
		OnStep: func(int, int, ...float64) {
			now := time.Now()
			times = append(times, now.Sub(last).Seconds()*1e3)
			last = now
		},
	}.Train(context.Background(), testbackend.Get(tb))
	require.NoError(tb, err)
	const warmUp = 5
	first, times = times[0], times[warmUp:]
	slices.Sort(times)
	return first, times[len(times)/2]
}

// BenchmarkStep times a training step at the notebooks' sizes: batch 25, 16 words, H 512, W 256, V 1004.
// testdata/bench_numpy.py and testdata/bench_torch.py time the same in NumPy and PyTorch.
func BenchmarkStep(b *testing.B) {
	data := random(1000, 2000)
	for _, kind := range []string{"rnn", "lstm", "transformer"} {
		b.Run(kind, func(b *testing.B) {
			var m captioning.Model
			var err error
			if kind == "transformer" {
				m, err = captioning.NewTransformer(captioning.TransformerConfig{
					WordToIdx: data.Vocab.IDs, InputDim: data.Train.Dim, WordvecDim: 256, Heads: 2, Stream: rng.NewTorch(1),
				})
			} else {
				m, err = captioning.NewRNN(captioning.RNNConfig{
					CellType: kind, WordToIdx: data.Vocab.IDs, InputDim: data.Train.Dim, WordvecDim: 256, HiddenDim: 512, Stream: rng.NewNumPy(1),
				})
			}
			require.NoError(b, err)
			var first, median float64
			for b.Loop() {
				first, median = timeSteps(b, m, data)
			}
			b.ReportMetric(median, "ms/step")
			b.ReportMetric(first, "ms/first")
		})
	}
}

// BenchmarkSample describes 25 images with captions of 30, 60 and 120 words. All compile a program of the same size, so
// what a word costs is the difference.
func BenchmarkSample(b *testing.B) {
	data := random(25, 100)
	rnn, err := captioning.NewRNN(captioning.RNNConfig{
		CellType: "lstm", WordToIdx: data.Vocab.IDs, InputDim: data.Train.Dim, WordvecDim: 256, HiddenDim: 512, Stream: rng.NewNumPy(1),
	})
	require.NoError(b, err)
	transformer, err := captioning.NewTransformer(captioning.TransformerConfig{
		WordToIdx: data.Vocab.IDs, InputDim: data.Train.Dim, WordvecDim: 256, Heads: 2, MaxLength: 120, Stream: rng.NewTorch(1),
	})
	require.NoError(b, err)
	for name, m := range map[string]captioning.Sampler{"lstm": rnn, "transformer": transformer} {
		b.Run(name, func(b *testing.B) {
			took := func(length int) float64 {
				begin := time.Now()
				_, err := m.Sample(testbackend.Get(b), data.Train.Features, length)
				require.NoError(b, err)
				return time.Since(begin).Seconds() * 1e3
			}
			took(30)
			for b.Loop() {
				short, middle, long := took(30), took(60), took(120)
				b.ReportMetric(short, "ms/30words-compiled-anew")
				b.ReportMetric((middle-short)/30, "ms/word-31..60")
				b.ReportMetric((long-middle)/60, "ms/word-61..120")
			}
		})
	}
}
