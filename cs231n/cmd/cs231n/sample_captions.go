package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/gomlx/compute"
	"github.com/spf13/cobra"

	"github.com/cs231n-go/assignment3/cs231n/captioning"
	"github.com/cs231n-go/assignment3/cs231n/cmd/cli"
	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/device"
	"github.com/cs231n-go/assignment3/cs231n/display"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// trained is a trained captioning model with the images that it describes.
type trained struct {
	source
	kind, checkpoint, split string
	count, beam             int
	options                 captioning.SampleOptions

	captioning.Sampler
	images *coco.Split
	vocab  *coco.Vocab
	stream *rng.NumPy // has drawn the training captions
}

// captionCommands are the subcommands for captioning models, with the flags that sample and eval share. declare adds other
// flags and the work. In short and example, the name of the model replaces %[1]s.
func captionCommands(short, long, example string, declare func(c *cobra.Command, t *trained)) (commands []*cobra.Command) {
	for _, kind := range []string{"rnn", "lstm", "transformer"} {
		c := &cobra.Command{
			Use: kind, Short: fmt.Sprintf(short, kind), GroupID: "captions", Args: cli.Args(), Long: long, Example: fmt.Sprintf(example, kind),
		}
		t, f := &trained{kind: kind, split: "val", beam: 1}, c.Flags()
		t.declare(f)
		f.StringVar(&t.checkpoint, "checkpoint", filepath.Join("out", kind), "load the model from the folder `DIR`, where train saved it")
		f.Var(cli.Choice(&t.split, "train", "val"), "split", "describe images of the split `NAME`: train or val")
		if kind == "transformer" {
			f.Var(cli.AtLeast(1, &t.beam), "beam", "search among the `N` most probable captions; 1 takes the most probable word each time")
		}
		declare(c, t)
		commands = append(commands, c)
	}
	return commands
}

// use loads the data and the model, opens a device and calls do.
func (t *trained) use(ctx context.Context, c *cobra.Command, s *display.Screen, do func(compute.Backend) error) error {
	data, stream, err := t.load(ctx, s)
	if err != nil {
		return err
	}
	t.images, t.vocab, t.stream = &data.Val, &data.Vocab, stream
	if t.split == "train" {
		t.images = &data.Train
	}
	if captions := t.images.Len(); t.count > captions {
		return cli.Usagef("--images %d: %s has only %d captions", t.count, t.split, captions)
	}
	if err := t.loadModel(); err != nil {
		return err
	}
	if t.beam > 1 {
		t.options.Beams = t.beam
	}
	if t.options.Dropout {
		t.options.Stream = rng.NewTorch(t.seed)
	}
	backend, err := device.Open(device.Warn(c.ErrOrStderr()))
	if err != nil {
		return err
	}
	defer backend.Finalize()
	s.Phase("compiling", "images")
	t.options.Progress = func(done, total int) { s.Step(done, total) }
	return do(backend)
}

// loadModel loads the model that the checkpoint holds.
func (t *trained) loadModel() (err error) {
	folder := training.Folder(t.checkpoint)
	if t.kind == "transformer" {
		t.Sampler, _, err = captioning.LoadTransformer(folder, t.vocab)
		return err
	}
	model, result, err := captioning.LoadRNN(folder, t.vocab)
	if err == nil && result.Model != t.kind {
		err = fmt.Errorf("%s holds a model of kind %q, not %q", t.checkpoint, result.Model, t.kind)
	}
	t.Sampler = model
	return err
}

// captioned is one line of `cs231n sample`.
type captioned struct {
	Image   int32  `json:"image"` // row of the features
	URL     string `json:"url"`
	Truth   string `json:"truth"`
	Caption string `json:"caption"`
}

func sampleCaptions() []*cobra.Command {
	return captionCommands("Write captions with the model that train %[1]s saved",
		"Write captions of images that are drawn at random, with a trained model. The output is\na line of JSON for each: the image, its URL, a person's caption, the model's caption.",
		"  cs231n sample %[1]s\n  cs231n sample %[1]s --images 5 --split train --checkpoint out/try", sampleCaptioner)
}

// sampleCaptioner is `cs231n sample` for one kind of model.
func sampleCaptioner(c *cobra.Command, t *trained) {
	t.count = 2
	c.Flags().VarP(cli.AtLeast(1, &t.count), "images", "n", "describe `N` images")
	if t.kind == "transformer" {
		c.Flags().BoolVar(&t.options.Dropout, "dropout", false, "leave dropout on, as the original notebook did by mistake")
	}
	forPrograms := true
	perform(c, &forPrograms, func(ctx context.Context, s *display.Screen, _ []string) (any, error) {
		if t.beam > 1 && t.options.Dropout {
			return nil, cli.Usagef("--beam and --dropout exclude each other")
		}
		return nil, t.use(ctx, c, s, func(backend compute.Backend) error {
			batch, err := t.images.Minibatch(t.count, t.stream)
			if err != nil {
				return err
			}
			ids, err := t.Sample(backend, batch.Features, t.options)
			if err = errors.Join(err, s.Done()); err != nil {
				return err
			}
			for i, row := range batch.Rows {
				truth, caption := t.vocab.Decode(t.images.Caption(row)), t.vocab.Decode(ids[i])
				err = errors.Join(err, printJSON(c.OutOrStdout(), captioned{t.images.ImageIdxs[row], batch.URLs[i], truth, caption}))
			}
			return err
		})
	})
}

// evaluated is the result of `cs231n eval`.
type evaluated struct {
	Model   string                 `json:"model"`
	Split   string                 `json:"split"`
	Images  int                    `json:"images"`
	Scores  fmt.Stringer           `json:"scores"`
	Details []captioning.Described `json:"details,omitempty"` // best first
}

func (e evaluated) String() string {
	return fmt.Sprintf("%s on %d images of %s\n%v", e.Model, e.Images, e.Split, e.Scores)
}

func evalCaptions() []*cobra.Command {
	return captionCommands("Score the model that train %[1]s saved",
		"Write captions of all images of a split, with a trained model, and score them against\nthose that people wrote.",
		"  cs231n eval %[1]s\n  cs231n eval %[1]s --split train --json", evalCaptioner)
}

// evalCaptioner is `cs231n eval` for one kind of model.
func evalCaptioner(c *cobra.Command, t *trained) {
	asJSON := c.Flags().Bool("json", false, "print one JSON object")
	details := c.Flags().Bool("details", false, "with --json, add the captions and the score of each image")
	perform(c, asJSON, func(ctx context.Context, s *display.Screen, _ []string) (result any, err error) {
		err = t.use(ctx, c, s, func(backend compute.Backend) error {
			e, err := captioning.Evaluate(backend, t, t.images, t.vocab, t.options)
			if err != nil {
				return err
			}
			r := evaluated{t.kind, t.split, len(e.Images), e.Scores, nil}
			if *details {
				r.Details = e.Images
			}
			result = r
			return nil
		})
		return result, err
	})
}
