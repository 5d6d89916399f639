package captioning

import (
	"errors"
	"fmt"

	"github.com/cs231n-go/assignment3/cs231n/checkpoint"
	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// open reads a run of a model of one of the kinds and checks its vocabulary.
func open(folder training.Folder, vocab *coco.Vocab, kinds ...string) (*checkpoint.File, *training.Result, error) {
	file, r, err := folder.Open([]string{"loss"}, kinds...)
	if err != nil {
		return nil, nil, err
	}
	var digest string
	if err := file.Decode("vocabulary", &digest); err != nil {
		return nil, nil, err
	}
	if digest != vocabularyDigest(vocab) {
		return nil, nil, fmt.Errorf("captioning: %s was trained with another vocabulary than this data set's %d words; choose the data set that it was trained on", file.Path, len(vocab.Words))
	}
	return file, r, nil
}

// path returns the path of a parameter in a checkpoint.
func path(name string) string { return "/" + modelScope + "/" + name }

// LoadRNN reads an RNN or LSTM and the losses of its run from a folder. The vocabulary must be that of training.
func LoadRNN(folder training.Folder, vocab *coco.Vocab) (*RNN, *training.Result, error) {
	file, r, err := open(folder, vocab, "rnn", "lstm")
	if err != nil {
		return nil, nil, err
	}
	c := RNNConfig{CellType: r.Model, WordToIdx: vocab.IDs}
	if embed, proj := file.Shape(path("W_embed")), file.Shape(path("W_proj")); embed.Rank() == 2 && proj.Rank() == 2 {
		c.WordvecDim, c.InputDim, c.HiddenDim, c.DType = embed.Dim(1), proj.Dim(0), proj.Dim(1), embed.DType
	}
	m, err := newRNN(c)
	if err != nil {
		return nil, nil, fmt.Errorf("captioning: %s: %w", file.Path, err)
	}
	return m, r, file.Set(map[string][]*nn.Param{modelScope: m.Params()})
}

// LoadTransformer is [LoadRNN] for a Transformer. Its dropout stream continues where training ended.
func LoadTransformer(folder training.Folder, vocab *coco.Vocab) (*Transformer, *training.Result, error) {
	file, r, err := open(folder, vocab, "transformer")
	if err != nil {
		return nil, nil, err
	}
	c := TransformerConfig{WordToIdx: vocab.IDs, NoDropout: file.Raw(noiseKey) == nil}
	if !c.NoDropout {
		c.Stream = rng.NewTorch(0)
		err = file.Restore(noiseKey, c.Stream)
	}
	if err := errors.Join(err, file.Decode("heads", &c.Heads), file.Decode("max_length", &c.MaxLength)); err != nil {
		return nil, nil, err
	}
	if s := file.Shape(path("visual_projection/weight")); s.Rank() == 2 {
		c.WordvecDim, c.InputDim, c.DType = s.Dim(0), s.Dim(1), s.DType
	}
	for file.Shape(path(layerName(c.Layers) + "/norm1/weight")).Ok() {
		c.Layers++
	}
	m, err := buildTransformer(c, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("captioning: %s: %w", file.Path, err)
	}
	return m, r, file.Set(map[string][]*nn.Param{modelScope: m.Params()})
}
