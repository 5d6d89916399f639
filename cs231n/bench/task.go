// Package bench times what the assignment trains, beside programs that do the same in PyTorch and NumPy.
//
// A [Task] is timed in a process of its own, so that compilation, memory and the first step are those of a fresh
// program. A [Runner] starts such processes, ours and the rivals' by turns, and a [Report] holds what they said. The
// rivals are the Python programs in the testdata folders of packages gan and captioning.
package bench

import (
	"context"
	"fmt"
	"slices"

	"github.com/gomlx/compute"

	"github.com/cs231n-go/assignment3/cs231n/captioning"
	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/gan"
	"github.com/cs231n-go/assignment3/cs231n/mnist"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// Task is something to time: a number of steps of one model.
type Task struct {
	Model   string // one of [Models]
	Sizes          // of a captioning model; a GAN has those of package gan
	Iters   int    // steps to time, after those that warm up
	Devices int    // that share each batch of training; 0 means 1
}

// Sizes are those of a captioning model and of its batches: captions in a batch, words read, hidden state, word
// vectors, image features, vocabulary.
type Sizes struct{ Batch, T, H, W, D, V int }

// Assignment returns the sizes of the assignment's overfitting cells on COCO.
func Assignment() Sizes { return Sizes{Batch: 25, T: 16, H: 512, W: 256, D: 512, V: 1004} }

// Sample is the task of describing a batch of images with a Transformer, T words each.
const Sample = "sample"

// SampledWords is how many words the assignment's models say about an image.
const SampledWords = captioning.MaxLength

// Models lists what a task can time.
func Models() []string {
	return []string{"gan", "lsgan", "dcgan", "rnn", "lstm", "transformer", Sample}
}

// NewTask returns the task of a model at the assignment's sizes, with steps for about two seconds on two cores.
func NewTask(model string) (Task, error) {
	iters, known := map[string]int{"gan": 150, "lsgan": 150, "dcgan": 15, "rnn": 80, "lstm": 40, "transformer": 30, Sample: 5}[model]
	if !known {
		return Task{}, fmt.Errorf("bench: unknown model %q; there are %v", model, Models())
	}
	t := Task{Model: model, Sizes: Assignment(), Iters: iters}
	if model == Sample {
		t.T = SampledWords
	}
	return t, nil
}

// Run carries the task out on a backend. A cancelled context ends it early, with an error.
func (t Task) Run(ctx context.Context, backend compute.Backend) (Timing, error) {
	var watch *stopwatch
	var err error
	switch {
	case t.Iters < 1:
		return Timing{}, fmt.Errorf("bench: %d steps of %s cannot be timed; at least 1 is needed", t.Iters, t.Model)
	case t.Model == Sample && t.Devices > 1:
		return Timing{}, fmt.Errorf("bench: %d devices cannot share %s, only training; take one", t.Devices, t.Model)
	case slices.Contains([]string{"gan", "lsgan", "dcgan"}, t.Model):
		watch, err = t.trainGAN(ctx, backend)
	case t.Model == Sample:
		return t.sample(ctx, backend)
	default:
		watch, err = t.trainCaptions(ctx, backend)
	}
	if err != nil {
		return Timing{}, fmt.Errorf("bench: %s: %w", t.Model, err)
	}
	return watch.timing(t), nil
}

const (
	seed   = 231
	warmUp = 5 // steps that are not counted, the first included
)

func (t Task) trainGAN(ctx context.Context, backend compute.Backend) (*stopwatch, error) {
	c, err := gan.Preset(t.Model, rng.NewTorch(seed))
	if err != nil {
		return nil, err
	}
	images, _, err := mnist.Load("")
	if err != nil {
		return nil, err
	}
	watch := newStopwatch()
	c.Images = images.Images
	_, err = training.Run(ctx, backend, c, training.Options{Iters: warmUp + t.Iters, Devices: t.Devices, OnStep: watch.lap})
	return watch, err
}

func (t Task) trainCaptions(ctx context.Context, backend compute.Backend) (*stopwatch, error) {
	const images, captions = 1000, 2000
	data := randomData(t.Sizes, images, captions)
	model, err := t.captioner(data)
	if err != nil {
		return nil, err
	}
	watch := newStopwatch()
	solver := captioning.Solver{Model: model, Data: data, Stream: rng.NewNumPy(seed), UpdateRule: "adam", LearningRate: 1e-3}
	_, err = training.Run(ctx, backend, solver, training.Options{
		BatchSize: t.Batch, Iters: warmUp + t.Iters, Devices: t.Devices, OnStep: watch.lap,
	})
	return watch, err
}

// captioner builds the captioning model that the task names.
func (t Task) captioner(data *coco.Data) (captioning.Model, error) {
	if t.Model == "rnn" || t.Model == "lstm" {
		return captioning.NewRNN(captioning.RNNConfig{
			CellType: t.Model, WordToIdx: data.Vocab.IDs, InputDim: t.D, WordvecDim: t.W, HiddenDim: t.H, Stream: rng.NewNumPy(seed),
		})
	}
	return t.transformer(data, t.T)
}

// transformer builds the assignment's Transformer for captions of up to maxLength words.
func (t Task) transformer(data *coco.Data, maxLength int) (*captioning.Transformer, error) {
	return captioning.NewTransformer(captioning.TransformerConfig{
		WordToIdx: data.Vocab.IDs, InputDim: t.D, WordvecDim: t.W, Heads: transformerHeads, Layers: transformerLayers,
		MaxLength: maxLength, Stream: rng.NewTorch(seed),
	})
}
