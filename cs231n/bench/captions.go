package bench

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/gomlx/compute"

	"github.com/cs231n-go/assignment3/cs231n/captioning"
	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// randomData returns a data set of random features and captions. Captions have no padding, which does not change the work
// of a step.
func randomData(s Sizes, images, captions int) *coco.Data {
	vocab := coco.Vocab{Words: []string{coco.Null, coco.Start, coco.End, coco.Unknown}, IDs: map[string]int{}}
	special := len(vocab.Words)
	for i := special; i < s.V; i++ {
		vocab.Words = append(vocab.Words, fmt.Sprintf("word%d", i))
	}
	for i, word := range vocab.Words {
		vocab.IDs[word] = i
	}
	stream := rng.NewTorch(seed)
	split := coco.Split{Length: s.T + 1, Dim: s.D, URLs: slices.Repeat([]string{"http://images.example/1.jpg"}, images), Features: make([]float32, images*s.D)}
	stream.Normal(split.Features, 0, 1)
	words := make([]float32, captions*split.Length)
	stream.Uniform(words, 0, 1)
	for _, u := range words {
		split.Captions = append(split.Captions, int32(special)+int32(u*float32(s.V-special)))
	}
	for i := range captions {
		split.ImageIdxs = append(split.ImageIdxs, int32(i%images))
	}
	return &coco.Data{Train: split, Val: split, Vocab: vocab}
}

// sample times captions of T words for a batch. Every call of Sample compiles its program, and programs for T and 2T words
// have the same size. The time for T words is therefore that of 2T words minus that of T words, which cancels compilation.
// It is slightly too high, since later words attend to more words.
func (t Task) sample(ctx context.Context, backend compute.Backend) (Timing, error) {
	data := randomData(t.Sizes, t.Batch, t.Batch)
	model, err := t.transformer(data, 2*t.T)
	if err != nil {
		return Timing{}, err
	}
	elapsed := func(words int) (ms float64) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return 0
		}
		begin := time.Now()
		_, err = model.Sample(backend, data.Train.Features, captioning.SampleOptions{Length: words})
		return time.Since(begin).Seconds() * 1e3
	}
	var short, long []float64
	for range 1 + t.Iters { // the first is a warm-up
		short, long = append(short, elapsed(t.T)), append(long, elapsed(2*t.T))
	}
	if err != nil {
		return Timing{}, err
	}
	first, short, long := short[0], short[1:], long[1:]
	return Timing{
		Median: median(long) - median(short), Min: slices.Min(long) - slices.Min(short), First: first,
		PeakRSS: peakMemory("/proc/self/status"), Iters: t.Iters, Threads: runtime.GOMAXPROCS(0),
	}, nil
}
