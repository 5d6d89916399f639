package bench

import (
	"context"
	"slices"

	"github.com/gomlx/compute"

	"github.com/cs231n-go/assignment3/cs231n/captioning"
)

// sample times captions of T words for a batch of images. One call of Sample compiles the program once and runs it for many
// batches. The first batch is the warm-up.
func (t Task) sample(ctx context.Context, backend compute.Backend) (Timing, error) {
	same := amount{t.Batch, t.Batch}
	data := newLanguage(t.V).data(t.Sizes, same, same)
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
