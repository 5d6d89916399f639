package main

import (
	"context"
	"fmt"
	"math"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/cs231n-go/assignment3/cs231n/captioning"
	"github.com/cs231n-go/assignment3/cs231n/cmd/cli"
	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/display"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/scenes"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// source is the data of a command on captioning models.
type source struct {
	dir      string
	maxTrain int
	seed     uint64
}

func (d *source) declare(f *pflag.FlagSet) {
	d.seed = 231
	f.StringVar(&d.dir, "data", "", "read captions and features from the folder `DIR` (default $CS231N_DATA, else\ndatasets/coco_captioning if COCO is there, else datasets/scenes, made at the first use)")
	f.Var(cli.AtLeast(0, &d.maxTrain), "max-train", "load `N` training captions, drawn at random (default all)")
	f.Var(cli.Seed(math.MaxUint32, &d.seed), "seed", "seed the random numbers with `N`")
}

// load seeds the stream and loads the data, in the order of the assignment's notebook.
func (d *source) load(ctx context.Context, s *display.Screen) (data *coco.Data, stream *rng.NumPy, err error) {
	if d.dir == "" {
		ctx, stop := interruptible(ctx)
		defer stop()
		s.Phase("", "steps")
		if d.dir, err = scenes.Dir(ctx, ".", s, func(done, total int) { s.Step(done, total) }); err != nil {
			return nil, nil, err
		}
	}
	s.Phase("loading "+d.dir, "")
	stream = rng.NewNumPy(uint32(d.seed))
	data, err = coco.Load(d.dir, coco.Options{MaxTrain: d.maxTrain, Stream: stream})
	return data, stream, err
}

// trainCaptions is `cs231n train` for a captioning model: the seed, the data, the model, then training, as in the
// assignment's notebook. The defaults are those of its overfitting cells.
func trainCaptions(kind, short string, epochs int, rate, decay float64, rule string) *cobra.Command {
	var from source
	o := training.Options{Epochs: epochs, BatchSize: 25, LogEvery: 10}
	solver := captioning.Solver{LearningRate: rate, LRDecay: decay, UpdateRule: rule}
	c := &cobra.Command{
		Use: kind, Short: short, GroupID: "captions", Args: cli.Args(),
		Long:    short + " to write captions, from features of COCO's images or the scenes'.\nThe defaults are those of the assignment's overfitting run, which has --max-train 50.",
		Example: fmt.Sprintf("  cs231n train %[1]s --max-train 50\n  cs231n train %[1]s --epochs 8 --batch 100 --lr 0.0005 --lr-decay 0.8", kind),
	}
	f := c.Flags()
	from.declare(f)
	trainingFlags(f, &o, kind)
	f.Var(cli.AtLeast(1, &o.LogEvery), "print-every", "print the loss every `N` iterations")
	f.Var(cli.AtLeast(1, &o.BatchSize), "batch", "train on batches of `N` captions")
	rules := []string{"sgd", "sgd_momentum", "rmsprop", "adam", "torch_adam"}
	f.Var(cli.Choice(&solver.UpdateRule, rules...), "rule", "update with the rule `NAME`: sgd, sgd_momentum, rmsprop, adam or torch_adam")
	f.Var(cli.Positive(&solver.LearningRate), "lr", "set the learning rate to `X`; a resumed run keeps its own")
	f.Var(cli.Positive(&solver.LRDecay), "lr-decay", "multiply the learning rate by `X` after each epoch")
	build := modelFlags(f, kind)
	perform(c, new(bool), func(ctx context.Context, s *display.Screen, _ []string) (any, error) {
		ctx, stop := interruptible(ctx)
		defer stop()
		data, stream, err := from.load(ctx, s)
		if err != nil {
			return nil, err
		}
		if solver.Model, err = build(data, stream, from.seed); err != nil {
			return nil, err
		}
		solver.Data, solver.Stream, o.Seed = data, stream, from.seed
		return train(ctx, c, s, solver, o)
	})
	return c
}

// modelFlags declares the flags of an untrained model, which the function builds. An RNN draws its parameters from the stream
// that has drawn the training captions, a Transformer from PyTorch's stream of the same seed.
func modelFlags(f *pflag.FlagSet, kind string) func(*coco.Data, *rng.NumPy, uint64) (captioning.Model, error) {
	if kind != "transformer" {
		c := captioning.RNNConfig{CellType: kind, WordvecDim: 256, HiddenDim: 512}
		f.Var(cli.AtLeast(1, &c.WordvecDim), "wordvec", "embed words in vectors of length `N`")
		f.Var(cli.AtLeast(1, &c.HiddenDim), "hidden", "use hidden states of length `N`")
		return func(data *coco.Data, stream *rng.NumPy, _ uint64) (captioning.Model, error) {
			c.WordToIdx, c.InputDim, c.Stream = data.Vocab.IDs, data.Train.Dim, stream
			return captioning.NewRNN(c)
		}
	}
	c := captioning.TransformerConfig{WordvecDim: 256, Heads: 2, Layers: 2, MaxLength: 30}
	f.Var(cli.AtLeast(1, &c.WordvecDim), "wordvec", "embed words in vectors of length `N`")
	f.Var(cli.AtLeast(1, &c.Heads), "heads", "use `N` attention heads, which must divide the length of the word vectors")
	f.Var(cli.AtLeast(1, &c.Layers), "layers", "use `N` decoder layers")
	f.Var(cli.AtLeast(1, &c.MaxLength), "max-length", "read and write at most `N` words of a caption")
	return func(data *coco.Data, _ *rng.NumPy, seed uint64) (captioning.Model, error) {
		c.WordToIdx, c.InputDim, c.Stream = data.Vocab.IDs, data.Train.Dim, rng.NewTorch(seed)
		return captioning.NewTransformer(c)
	}
}
