package bench

import (
	"context"
	"fmt"
	"slices"

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

// sample times captions of T words for a batch of images. One call of Sample compiles the program once and runs it for many
// batches. The first batch is the warm-up.
func (t Task) sample(ctx context.Context, backend compute.Backend) (Timing, error) {
	data := randomData(t.Sizes, t.Batch, t.Batch)
	model, err := t.transformer(data, t.T)
	if err != nil {
		return Timing{}, err
	}
	return t.batches(ctx, func(progress func(done, total int)) error {
		_, err := model.Sample(backend, slices.Repeat(data.Train.Features, 1+t.Iters), captioning.SampleOptions{
			Length: t.T, Batch: t.Batch, Progress: progress,
		})
		return err
	})
}
