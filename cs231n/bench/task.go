// Package bench times the training of the assignment's models and compares it with PyTorch, JAX and NumPy.
//
// A [Runner] times every [Task] in a new process, so compilation, memory and the first step do not depend on earlier tasks.
// It alternates between our processes and those of rivals, the Python programs in the testdata folders of packages gan,
// diffusion and captioning. A [Report] holds the results.
package bench

import (
	"context"
	"fmt"
	"slices"

	"github.com/gomlx/compute"

	"github.com/cs231n-go/assignment3/cs231n/captioning"
	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/diffusion"
	"github.com/cs231n-go/assignment3/cs231n/gan"
	"github.com/cs231n-go/assignment3/cs231n/mnist"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// Task is a number of training steps of one model, or the generation of captions or digits.
type Task struct {
	Model   string // one of [Models]
	Sizes          // for other models than those of captions, only Batch counts
	Iters   int    // steps to time, after the warm-up
	Devices int    // number of devices that share each batch; 0 means 1
	warmUp  int    // first training steps, which are not counted
}

// Sizes are the sizes of a captioning model and its batches: examples per batch, input words, hidden units, word vectors,
// image features, vocabulary.
type Sizes struct{ Batch, T, H, W, D, V int }

// Assignment returns the sizes of the assignment's overfitting cells on COCO.
func Assignment() Sizes { return Sizes{Batch: 25, T: 16, H: 512, W: 256, D: 512, V: 1004} }

// Sample is the task of generating captions of T words for a batch of images with a Transformer.
const Sample = "sample"

// Draw is the task of drawing 16 digits with a diffusion model, in 25 steps with guidance.
const Draw = "draw"

// SampledWords is the length of captions that the assignment's models generate.
const SampledWords = captioning.MaxLength

// Models lists the values of Task.Model.
func Models() []string {
	return []string{"gan", "lsgan", "dcgan", "diffusion", "rnn", "lstm", "transformer", Sample, Draw}
}

// isGAN reports whether a model is a GAN.
func isGAN(model string) bool { return slices.Contains([]string{"gan", "lsgan", "dcgan"}, model) }

// CaptioningModels lists the models that train on captions.
func CaptioningModels() []string { return []string{"rnn", "lstm", "transformer"} }

// NewTask returns the task of a model with the assignment's sizes. Its steps take about two seconds on two cores, or less.
func NewTask(model string) (Task, error) {
	iters, known := map[string]int{"gan": 100, "lsgan": 100, "dcgan": 12, "diffusion": 15, "rnn": 60, "lstm": 25, "transformer": 25, Sample: 10, Draw: 5}[model]
	if !known {
		return Task{}, fmt.Errorf("bench: unknown model %q; there are %v", model, Models())
	}
	t := Task{Model: model, Sizes: Assignment(), Iters: iters, warmUp: 5}
	switch {
	case isGAN(model):
		t.Batch = gan.BatchSize
	case model == "diffusion":
		t.Batch = diffusion.BatchSize
	case model == Sample:
		t.T = SampledWords
	case model == Draw:
		t.Batch = drawnDigits
	}
	return t, nil
}

// Run runs the task on a backend. If the context is canceled, it stops with an error.
func (t Task) Run(ctx context.Context, backend compute.Backend) (Timing, error) {
	var watch *stopwatch
	var err error
	switch {
	case t.Iters < 1:
		return Timing{}, fmt.Errorf("bench: cannot time %d steps of %s; choose at least 1", t.Iters, t.Model)
	case (t.Model == Sample || t.Model == Draw) && t.Devices > 1:
		return Timing{}, fmt.Errorf("bench: %d devices cannot share %s, only training; use one", t.Devices, t.Model)
	case isGAN(t.Model):
		watch, err = t.trainGAN(ctx, backend)
	case t.Model == "diffusion":
		watch, err = t.trainDiffusion(ctx, backend)
	case t.Model == Sample:
		return t.sample(ctx, backend)
	case t.Model == Draw:
		return t.drawDigits(ctx, backend)
	default:
		watch, err = t.trainOnLanguage(ctx, backend)
	}
	if err != nil {
		return Timing{}, fmt.Errorf("bench: %s: %w", t.Model, err)
	}
	return watch.timing(t), nil
}

const seed = 231

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
	_, err = training.Run(ctx, backend, c, t.options(watch))
	return watch, err
}

// trainOnLanguage trains a captioning model on a small data set of random captions.
func (t Task) trainOnLanguage(ctx context.Context, backend compute.Backend) (*stopwatch, error) {
	part := amount{images: 1000, captions: 2000}
	data := newLanguage(t.V).data(t.Sizes, part, part)
	model, err := t.captioner(data, t.T)
	if err != nil {
		return nil, err
	}
	return t.trainCaptions(ctx, backend, model, data)
}

func (t Task) trainCaptions(ctx context.Context, backend compute.Backend, model captioning.Model, data *coco.Data) (*stopwatch, error) {
	watch := newStopwatch()
	solver := captioning.Solver{Model: model, Data: data, Stream: rng.NewNumPy(seed), UpdateRule: "adam", LearningRate: 1e-3}
	_, err := training.Run(ctx, backend, solver, t.options(watch))
	return watch, err
}

// options returns the options of a training run whose steps watch records.
func (t Task) options(watch *stopwatch) training.Options {
	return training.Options{BatchSize: t.Batch, Iters: t.warmUp + t.Iters, Devices: t.Devices, OnStep: watch.lap}
}

// captioner is a captioning model that can be trained and used.
type captioner interface {
	captioning.Model
	captioning.Sampler
}

// captioner builds the captioning model of the task. maxLength is the length of the longest captions of a Transformer.
func (t Task) captioner(data *coco.Data, maxLength int) (captioner, error) {
	if t.Model == "rnn" || t.Model == "lstm" {
		return captioning.NewRNN(captioning.RNNConfig{
			CellType: t.Model, WordToIdx: data.Vocab.IDs, InputDim: t.D, WordvecDim: t.W, HiddenDim: t.H, Stream: rng.NewNumPy(seed),
		})
	}
	return t.transformer(data, maxLength)
}

// transformer builds the assignment's Transformer for captions of up to maxLength words.
func (t Task) transformer(data *coco.Data, maxLength int) (*captioning.Transformer, error) {
	return captioning.NewTransformer(captioning.TransformerConfig{
		WordToIdx: data.Vocab.IDs, InputDim: t.D, WordvecDim: t.W, Heads: transformerHeads, Layers: transformerLayers,
		MaxLength: maxLength, Stream: rng.NewTorch(seed),
	})
}
