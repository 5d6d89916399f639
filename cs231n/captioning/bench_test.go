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

// BenchmarkStep times a training step at the notebook's sizes: batch 25, 16 steps, H 512, W 256, V 1004.
// testdata/bench_numpy.py times the same in NumPy.
func BenchmarkStep(b *testing.B) {
	data := random(1000, 2000)
	for _, kind := range []string{"rnn", "lstm"} {
		b.Run(kind, func(b *testing.B) {
			m, err := captioning.NewRNN(captioning.RNNConfig{
				CellType: kind, WordToIdx: data.Vocab.IDs, InputDim: 512, WordvecDim: 256, HiddenDim: 512, Stream: rng.NewNumPy(1),
			})
			require.NoError(b, err)
			const warmUp = 5
			var times []time.Duration
			var first time.Duration
			last := time.Now()
			_, err = captioning.Solver{
				Model: m, Data: data, Stream: rng.NewNumPy(3), UpdateRule: "adam", LearningRate: 5e-3, BatchSize: 25, Iters: warmUp + max(b.N, 30),
				OnStep: func(done, _ int, _ ...float64) {
					if now := time.Now(); done == 1 {
						first, last = now.Sub(last), now
					} else {
						times, last = append(times, now.Sub(last)), now
					}
				},
			}.Train(context.Background(), testbackend.Get(b))
			require.NoError(b, err)
			times = times[warmUp-1:]
			slices.Sort(times)
			b.ReportMetric(float64(times[len(times)/2].Microseconds())/1e3, "ms/step")
			b.ReportMetric(float64(first.Milliseconds()), "ms/first")
			b.ReportMetric(0, "ns/op")
		})
	}
}
