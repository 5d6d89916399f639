package main

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"

	"github.com/gomlx/compute"

	"github.com/cs231n-go/assignment3/cs231n/captioning"
	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/device"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// trained is a trained model with what it describes and what it runs on.
type trained struct {
	captioning.Sampler
	options captioning.SampleOptions
	split   *coco.Split // that of the flag -split
	vocab   *coco.Vocab
	stream  *rng.NumPy // has drawn the training captions
	backend compute.Backend
}

// open reads the flags of a command that uses a trained model, its data and the model itself. The backend is the
// caller's to close.
func (f *captionFlags) open(args []string, stderr io.Writer) (*trained, error) {
	f.set.StringVar(&f.checkpoint, "checkpoint", filepath.Join("out", f.kind), "")
	f.set.StringVar(&f.split, "split", "val", "")
	f.beam = 1
	if f.kind == "transformer" {
		f.set.IntVar(&f.beam, "beam", f.beam, "")
	}
	if err := f.parse(args); err != nil {
		return nil, err
	}
	switch {
	case f.split != "train" && f.split != "val":
		return nil, usagef("-split %q: there are train and val", f.split)
	case f.n < 1:
		return nil, usagef("-n %d: at least one image is needed", f.n)
	case f.beam > 1 && f.dropout:
		return nil, usagef("-beam and -dropout exclude each other")
	case f.beam < 1:
		return nil, usagef("-beam %d: at least one beam is needed", f.beam)
	}
	data, stream, err := f.load()
	if err != nil {
		return nil, err
	}
	t := &trained{split: &data.Val, vocab: &data.Vocab, stream: stream}
	if f.split == "train" {
		t.split = &data.Train
	}
	if captions := t.split.Len(); f.n > captions {
		return nil, usagef("-n %d: %s has only %d captions", f.n, f.split, captions)
	}
	if t.Sampler, err = f.loadModel(t.vocab); err != nil {
		return nil, err
	}
	if f.beam > 1 {
		t.options.Beams = f.beam
	}
	if f.dropout {
		t.options.Dropout, t.options.Stream = true, rng.NewTorch(f.seed)
	}
	t.backend, err = device.Open(device.Warn(stderr))
	return t, err
}

// loadModel loads the model that the checkpoint holds.
func (f *captionFlags) loadModel(vocab *coco.Vocab) (captioning.Sampler, error) {
	folder := training.Folder(f.checkpoint)
	if f.kind == "transformer" {
		model, _, err := captioning.LoadTransformer(folder, vocab)
		return model, err
	}
	model, result, err := captioning.LoadRNN(folder, vocab)
	if err == nil && result.Model != f.kind {
		err = fmt.Errorf("%s holds a model of kind %q, not %q", f.checkpoint, result.Model, f.kind)
	}
	return model, err
}

// captioned is one line of `cs231n sample`.
type captioned struct {
	Image   int32  `json:"image"` // row of the features
	URL     string `json:"url"`
	Truth   string `json:"truth"`
	Caption string `json:"caption"`
}

// sample runs `cs231n sample rnn|lstm|transformer`: captions of images drawn from a split, as JSON lines.
func sample(kind string, args []string, stdout, stderr io.Writer) error {
	f := newCaptionFlags("sample "+kind, kind)
	f.set.IntVar(&f.n, "n", 2, "")
	if kind == "transformer" {
		f.set.BoolVar(&f.dropout, "dropout", false, "")
	}
	model, err := f.open(args, stderr)
	if err != nil {
		return err
	}
	defer model.backend.Finalize()
	batch, err := model.split.Minibatch(f.n, model.stream)
	if err != nil {
		return err
	}
	ids, err := model.Sample(model.backend, batch.Features, model.options)
	if err != nil {
		return err
	}
	lines := json.NewEncoder(stdout)
	lines.SetEscapeHTML(false)
	for i, row := range batch.Rows {
		truth, caption := model.vocab.Decode(model.split.Caption(row)), model.vocab.Decode(ids[i])
		if err := lines.Encode(captioned{model.split.ImageIdxs[row], batch.URLs[i], truth, caption}); err != nil {
			return err
		}
	}
	return nil
}

// eval runs `cs231n eval rnn|lstm|transformer`: BLEU over all images of a split.
func eval(kind string, args []string, stdout, stderr io.Writer) error {
	f := newCaptionFlags("eval "+kind, kind)
	model, err := f.open(args, stderr)
	if err != nil {
		return err
	}
	defer model.backend.Finalize()
	e, err := captioning.Evaluate(model.backend, model, model.split, model.vocab, model.options)
	if err != nil {
		return err
	}
	lines := fmt.Sprintf("%s on %d images of %s\n", kind, len(e.Images), f.split)
	for n, score := range e.BLEU {
		lines += fmt.Sprintf("BLEU-%d %.4f\n", n+1, score)
	}
	_, err = io.WriteString(stdout, lines)
	return err
}
