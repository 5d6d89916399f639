package captioning

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/temporal"
	"github.com/cs231n-go/assignment3/cs231n/training"
	"github.com/cs231n-go/assignment3/cs231n/transformer"
)

const (
	feedForward = 2048 // F, the width of the feed-forward networks
	dropRate    = 0.1
	initialStd  = 0.02
)

// TransformerConfig holds the settings of a captioning Transformer.
type TransformerConfig struct {
	WordToIdx  map[string]int // the vocabulary; its size is V
	InputDim   int            // D
	WordvecDim int            // W
	Heads      int            // 0 means 4
	Layers     int            // 0 means 2
	MaxLength  int            // maximum number of words that the model reads; 0 means 50
	DType      dtypes.DType   // type of the parameters; 0 means Float32
	Stream     *rng.Torch     // source of the initial parameters and of dropout
	NoDropout  bool           // turns dropout off in training
}

// Transformer is the assignment's CaptioningTransformer. Word vectors with positional encoding pass through the layers of a
// decoder. Each layer attends to the previous words and to the image, a memory of one vector. The outputs are scores of the
// next word.
type Transformer struct {
	config TransformerConfig
	specialIDs
	vocabulary int

	visual    nn.Layer
	embedding *nn.Param // (V, W)
	decoder   transformer.Decoder
	output    nn.Layer
	params    []*nn.Param
	sampling
}

// NewTransformer builds a model. It draws the parameters from c.Stream in the order of the original's constructor:
//
//  1. All layers but the output, with PyTorch's initialization. All decoder layers are copies of the first.
//  2. Their weights again, except in LayerNorm: normal with standard deviation 0.02, and biases 0.
//  3. The output layer, with PyTorch's initialization.
func NewTransformer(c TransformerConfig) (*Transformer, error) {
	if c.Stream == nil {
		return nil, errors.New("captioning: a Transformer needs a Stream to draw its parameters from")
	}
	m, err := buildTransformer(c, c.Stream)
	if err != nil {
		return nil, fmt.Errorf("captioning: %w", err)
	}
	return m, c.Stream.Err()
}

func layerName(l int) string { return fmt.Sprintf("transformer/layers/%d", l) }

// buildTransformer builds a model. Without a stream its weights are zero.
func buildTransformer(c TransformerConfig, stream *rng.Torch) (*Transformer, error) {
	c.Heads, c.Layers, c.MaxLength = cmp.Or(c.Heads, 4), cmp.Or(c.Layers, 2), cmp.Or(c.MaxLength, 50)
	c.DType = cmp.Or(c.DType, dtypes.Float32)
	ids, err := specialIDsOf(c.WordToIdx)
	if err := errors.Join(err, c.check()); err != nil {
		return nil, err
	}
	m := &Transformer{config: c, specialIDs: ids, vocabulary: len(c.WordToIdx)}
	w := c.WordvecDim
	m.visual = nn.Linear(c.InputDim, w, stream)
	words := make([]float32, m.vocabulary*w)
	if stream != nil {
		stream.Normal(words, 0, 1)
	}
	m.embedding = nn.NewParam("embedding/weight", words, m.vocabulary, w)
	m.params = append(nn.Prefixed("visual_projection", m.visual.Params()), m.embedding)
	for l := range c.Layers {
		from := stream
		if l > 0 {
			from = nil // a copy draws nothing
		}
		m.decoder = append(m.decoder, transformer.NewDecoderLayer(w, c.Heads, feedForward, from))
		m.params = append(m.params, nn.Prefixed(layerName(l), m.decoder[l].Params())...)
	}
	if stream != nil {
		nn.Normal(m.params, initialStd, stream)
	}
	m.output = nn.Linear(w, m.vocabulary, stream)
	m.params = append(m.params, nn.Prefixed("output", m.output.Params())...)
	if c.DType == dtypes.Float64 {
		nn.Double(m.params)
	}
	return m, nil
}

// check validates the settings.
func (c TransformerConfig) check() error {
	switch {
	case c.InputDim < 1 || c.WordvecDim < 1:
		return fmt.Errorf("the dimensions of features (%d) and word vectors (%d) must be positive", c.InputDim, c.WordvecDim)
	case c.Heads < 1 || c.WordvecDim%c.Heads != 0:
		return fmt.Errorf("%d heads do not divide the word vectors of %d: choose a divisor", c.Heads, c.WordvecDim)
	case c.WordvecDim%2 != 0:
		return fmt.Errorf("the positional encoding pairs sines with cosines, so word vectors cannot have %d dimensions: choose an even number", c.WordvecDim)
	case c.Layers < 1 || c.MaxLength < 1:
		return fmt.Errorf("a Transformer needs at least one layer (%d) and captions of at least one word (%d)", c.Layers, c.MaxLength)
	case c.DType != dtypes.Float32 && c.DType != dtypes.Float64:
		return fmt.Errorf("parameters can be Float32 or Float64, not %s", c.DType)
	}
	return nil
}

// Kind returns "transformer".
func (m *Transformer) Kind() string { return "transformer" }

// Params lists the parameters in the order of PyTorch's module.
func (m *Transformer) Params() []*nn.Param { return m.params }

// Training implements [Model].
func (m *Transformer) Training() Training {
	t := Training{Rule: "torch_adam", PerCall: 8, Settings: []training.Setting{
		{Key: "heads", Label: "number of heads", Value: m.config.Heads},
		{Key: "max_length", Label: "maximum length", Value: m.config.MaxLength},
	}}
	if m.config.NoDropout {
		t.Settings = append(t.Settings, training.Setting{Key: noiseKey, Label: "dropout"})
	} else {
		t.Noise, t.Seeds = m.config.Stream, m.masks()
	}
	return t
}

// masks returns the number of dropout masks in a step.
func (m *Transformer) masks() int { return transformer.Masks(m.config.Layers) }

// Check implements [Model].
func (m *Transformer) Check(data *coco.Data) error {
	if words := data.Train.Length - 1; words > m.config.MaxLength {
		return fmt.Errorf("captioning: the captions have %d words to read, the model reads %d at most; raise its maximum length", words, m.config.MaxLength)
	}
	return checkData(data, m.config.InputDim, m.vocabulary)
}

// StepGraph implements [Model]; see [Transformer.LossGraph].
func (m *Transformer) StepGraph(p nn.Values, features, captions, seeds *Node) (loss *Node, grads []*Node) {
	var drop nn.Dropout
	if seeds != nil {
		drop = nn.SeededDropout(dropRate, seeds)
	}
	return m.LossGraph(p, features, captions, drop)
}

// table returns the positional encoding of MaxLength positions.
func (m *Transformer) table(g *Graph) *Node {
	return Const(g, transformer.PositionTable(m.config.MaxLength, m.config.WordvecDim))
}

// LossGraph builds the loss of a batch and its gradients. The loss is the mean over all N·T positions of the cross-entropy,
// with zero at padded positions.
//
// GoMLX derives all gradients but two. SoftmaxLoss returns that of the scores. That of the embedding is the sum over the
// positions of each word; the row of the padding is never updated.
//
// Shapes: features: (N, D), captions: (N, T+1) integers -> loss: scalar, grads: as Params.
func (m *Transformer) LossGraph(p nn.Values, features, captions *Node, drop nn.Dropout) (loss *Node, grads []*Node) {
	in, target, mask := shift(captions, m.null)
	vectors, embedding := temporal.EmbeddingForward(in, p[m.embedding])
	scores, _ := m.scores(p, features, vectors, drop)
	loss, dscores := temporal.SoftmaxLoss(scores, target, mask)
	steps := float64(in.Shape().Dim(1))
	loss, dscores = DivScalar(loss, steps), DivScalar(dscores, steps)

	const embeddingAt = 2 // in Params; GoMLX derives the gradient of the word vectors instead
	wanted := p.Of(m.params)
	wanted[embeddingAt] = vectors
	grads = Gradient(ReduceAllSum(Mul(scores, StopGradient(dscores))), wanted...)
	isWord := ExpandAxes(NotEqual(in, id(in, m.null)), -1)
	dvectors := Mul(grads[embeddingAt], ConvertDType(isWord, vectors.DType()))
	grads[embeddingAt] = temporal.EmbeddingBackward(dvectors, embedding)
	return loss, grads
}

// shift splits captions into input words and target words. The mask is false where the target is padding.
func shift(captions *Node, null int) (in, target, mask *Node) {
	last := captions.Shape().Dim(1) - 1
	in, target = SliceAxis(captions, 1, AxisRange(0, last)), SliceAxis(captions, 1, AxisRange(1))
	return in, target, NotEqual(target, id(target, null))
}

// id returns a word id as a constant with the type of words.
func id(words *Node, id int) *Node {
	return ConvertDType(ConstTensor(words.Graph(), tensors.FromScalar(int32(id))), words.DType())
}
