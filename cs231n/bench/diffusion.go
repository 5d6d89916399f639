package bench

import (
	"context"

	"github.com/gomlx/compute"

	"github.com/cs231n-go/assignment3/cs231n/diffusion"
	"github.com/cs231n-go/assignment3/cs231n/mnist"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// drawnDigits is the number of samples that the notebook draws at once.
const drawnDigits = 16

// trainDiffusion trains with rectified flow. Noise prediction takes the same time.
func (t Task) trainDiffusion(ctx context.Context, backend compute.Backend) (*stopwatch, error) {
	images, _, err := mnist.Load("")
	if err != nil {
		return nil, err
	}
	stream := rng.NewTorch(seed)
	net := diffusion.NewUNet(diffusion.DefaultChannels, stream)
	task, err := diffusion.Config{Net: net, Objective: diffusion.Flow{}, Train: images, Stream: stream}.Task()
	if err != nil {
		return nil, err
	}
	task.Sample = nil // it would be part of the first step
	watch := newStopwatch()
	_, err = training.Run(ctx, backend, task, t.options(watch))
	return watch, err
}

// drawDigits times the batches of one call of Sample, which compiles the program once.
func (t Task) drawDigits(ctx context.Context, backend compute.Backend) (Timing, error) {
	s := diffusion.Sampler{
		Net: diffusion.NewUNet(diffusion.DefaultChannels, rng.NewTorch(seed)), Objective: diffusion.Flow{},
		Steps: diffusion.DefaultSamplerSteps, Guidance: diffusion.DefaultGuidance, Batch: t.Batch,
	}
	labels := make([]int32, t.Batch*(1+t.Iters))
	for i := range labels {
		labels[i] = int32(i % t.Batch % diffusion.NoLabel)
	}
	return t.batches(ctx, func(progress func(done, total int)) error {
		defer s.Close()
		s.Progress = progress
		_, err := s.Sample(backend, labels, rng.NewTorch(seed))
		return err
	})
}
