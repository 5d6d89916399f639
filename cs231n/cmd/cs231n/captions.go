package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"math"
	"path/filepath"

	"github.com/cs231n-go/assignment3/cs231n/captioning"
	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// captionFlags are the settings of the commands that train and use captioning models.
type captionFlags struct {
	set  *flag.FlagSet
	kind string // rnn, lstm or transformer

	data     string
	seed     uint64
	maxTrain int

	hidden, wordvec          int
	heads, layers, maxLength int
	out                      string
	solver                   captioning.Solver
	options                  training.Options

	checkpoint, split string
	n                 int
	beam              int
	dropout           bool
}

// newCaptionFlags begins the flags of a command on captioning models with those that all have.
func newCaptionFlags(command, kind string) *captionFlags {
	f := &captionFlags{kind: kind, n: 1, set: flag.NewFlagSet(command, flag.ContinueOnError)}
	f.set.SetOutput(io.Discard)
	f.set.StringVar(&f.data, "data", "", "")
	f.set.Uint64Var(&f.seed, "seed", 231, "")
	f.set.IntVar(&f.maxTrain, "max-train", 0, "")
	return f
}

// parse reads the arguments and checks what all commands have.
func (f *captionFlags) parse(args []string) error {
	if err := f.set.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return usageError{err}
	}
	switch {
	case f.set.NArg() > 0:
		return usagef("%s does not take %q", f.set.Name(), f.set.Arg(0))
	case f.data == "":
		return usagef("%s needs -data DIR: data make DIR makes such a folder, data fetch DIR downloads COCO", f.set.Name())
	case f.seed > 1<<32-1:
		return usagef("-seed %d: NumPy's seeds end at %d", f.seed, uint32(1<<32-1))
	case f.maxTrain < 0:
		return usagef("-max-train %d: it is a number of captions; 0 means all", f.maxTrain)
	}
	return nil
}

// load seeds the stream and loads the data, in the order of the assignment's notebook.
func (f *captionFlags) load() (*coco.Data, *rng.NumPy, error) {
	stream := rng.NewNumPy(uint32(f.seed))
	data, err := coco.Load(f.data, coco.Options{MaxTrain: f.maxTrain, Stream: stream})
	return data, stream, err
}

// build makes an untrained model. An RNN draws its parameters from the stream that has drawn the training
// captions, a Transformer from PyTorch's stream of the same seed.
func (f *captionFlags) build(data *coco.Data, stream *rng.NumPy) (captioning.Model, error) {
	if f.kind == "transformer" {
		return captioning.NewTransformer(captioning.TransformerConfig{
			WordToIdx: data.Vocab.IDs, InputDim: data.Train.Dim, WordvecDim: f.wordvec,
			Heads: f.heads, Layers: f.layers, MaxLength: f.maxLength, Stream: rng.NewTorch(f.seed),
		})
	}
	return captioning.NewRNN(captioning.RNNConfig{
		CellType: f.kind, WordToIdx: data.Vocab.IDs, InputDim: data.Train.Dim,
		WordvecDim: f.wordvec, HiddenDim: f.hidden, Stream: stream,
	})
}

// trainCaptions runs `cs231n train rnn|lstm|transformer`: the seed, the data, the model, then training, as the
// assignment's notebook.
func trainCaptions(ctx context.Context, kind string, args []string, stdout, stderr io.Writer) error {
	f := newCaptionFlags("train "+kind, kind)
	// The settings of the assignment's overfitting cells.
	epochs, rate, decay, rule := 50, 5e-3, 0.95, "adam"
	switch kind {
	case "lstm":
		decay = 0.995
	case "transformer":
		epochs, rate, decay, rule = 100, 1e-3, 1, "torch_adam"
	}
	s, o := &f.solver, &f.options
	f.set.IntVar(&o.Epochs, "epochs", epochs, "")
	f.set.IntVar(&o.Iters, "iters", 0, "")
	f.set.IntVar(&o.BatchSize, "batch", 25, "")
	f.set.IntVar(&o.SaveEvery, "save-every", 250, "")
	f.set.IntVar(&o.Devices, "devices", 1, "")
	f.set.IntVar(&o.LogEvery, "print-every", 10, "")
	f.set.Float64Var(&s.LearningRate, "lr", rate, "")
	f.set.Float64Var(&s.LRDecay, "lr-decay", decay, "")
	f.set.StringVar(&s.UpdateRule, "rule", rule, "")
	f.set.IntVar(&f.wordvec, "wordvec", 256, "")
	f.hidden, f.heads, f.layers, f.maxLength = 512, 2, 2, 30
	if kind == "transformer" {
		f.set.IntVar(&f.heads, "heads", f.heads, "")
		f.set.IntVar(&f.layers, "layers", f.layers, "")
		f.set.IntVar(&f.maxLength, "max-length", f.maxLength, "")
	} else {
		f.set.IntVar(&f.hidden, "hidden", f.hidden, "")
	}
	f.set.StringVar(&f.out, "out", filepath.Join("out", kind), "")
	f.set.BoolVar(&o.Resume, "resume", false, "")
	if err := f.parse(args); err != nil {
		return err
	}
	for _, count := range []struct {
		name  string
		value int
	}{{"epochs", o.Epochs}, {"batch", o.BatchSize}, {"save-every", o.SaveEvery}, {"devices", o.Devices}, {"print-every", o.LogEvery}, {"hidden", f.hidden}, {"wordvec", f.wordvec},
		{"heads", f.heads}, {"layers", f.layers}, {"max-length", f.maxLength}} {
		if count.value < 1 {
			return usagef("-%s %d: it must be at least 1", count.name, count.value)
		}
	}
	given := map[string]bool{}
	f.set.Visit(func(f *flag.Flag) { given[f.Name] = true })
	switch {
	case given["iters"] && given["epochs"]:
		return usagef("-iters and -epochs exclude each other")
	case o.Iters < 0:
		return usagef("-iters %d: it is a number of iterations; 0 means -epochs", o.Iters)
	case !positive(s.LearningRate) || !positive(s.LRDecay):
		return usagef("-lr %g, -lr-decay %g: both must be above 0 and finite", s.LearningRate, s.LRDecay)
	case f.out == "":
		return usagef("-out needs a folder")
	}

	data, stream, err := f.load()
	if err != nil {
		return err
	}
	if s.Model, err = f.build(data, stream); err != nil {
		return err
	}
	s.Data, s.Stream, o.Seed, o.Folder = data, stream, f.seed, training.Folder(f.out)
	return runTraining(ctx, s, *o, stdout, stderr)
}

// positive reports whether x can be a learning rate, or what one is multiplied by.
func positive(x float64) bool { return x > 0 && !math.IsInf(x, 1) }
