package captioning

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/cs231n-go/assignment3/cs231n/rng"
)

const (
	feedForward = 2048 // F, the width of the feed-forward networks
	dropRate    = 0.1
	initialStd  = 0.02
)

// TransformerConfig says how a captioning Transformer is built.
type TransformerConfig struct {
	WordToIdx  map[string]int // the vocabulary; its size is V
	InputDim   int            // D
	WordvecDim int            // W
	Heads      int            // 0 means 4
	Layers     int            // 0 means 2
	MaxLength  int            // of a caption; 0 means 50
	DType      dtypes.DType   // type of the parameters; 0 means Float32
	Stream     *rng.Torch     // source of the initial parameters and of dropout
	Dropout    Dropout        // in training; 0 means FromStream
}

// Dropout says where a Transformer's dropout masks come from in training.
type Dropout int

const (
	FromStream Dropout = iota // the Stream, with PyTorch's numbers
	FromGoMLX                 // GoMLX's own generator, whose state is kept with the parameters; another number of devices draws other masks
	NoDropout
)

// Transformer is the assignment's CaptioningTransformer. The words of a caption, with their places encoded,
// pass through a decoder whose layers look at the words before and at the image, a memory of one vector; the
// output scores every word of the vocabulary as the next one.
type Transformer struct {
	config TransformerConfig
	specialIDs
	vocabulary int
	store      *model.Store
	err        error // of building it
}

// linear is the name of a linear map and its widths.
type linear struct {
	name    string
	in, out int
}

func layerName(l int) string { return fmt.Sprintf("transformer/layers/%d/", l) }

// layerLinears lists the linear maps of a decoder layer in the order in which PyTorch's module has them.
func layerLinears(l, w int) []linear {
	var list []linear
	for _, attention := range []string{"self_attn", "multihead_attn"} {
		for _, part := range []string{"key", "query", "value", "proj"} {
			list = append(list, linear{layerName(l) + attention + "/" + part, w, w})
		}
	}
	return append(list, linear{layerName(l) + "linear1", w, feedForward}, linear{layerName(l) + "linear2", feedForward, w})
}

// NewTransformer draws the parameters from c.Stream, in the order of the original's constructor: every layer
// is built with PyTorch's defaults (one decoder layer, since the others are copies of it), then all weights
// but the norms' are drawn anew from a normal of deviation 0.02, with biases 0, and at last the output is
// built, which keeps its defaults.
func NewTransformer(c TransformerConfig) (*Transformer, error) {
	m, err := emptyTransformer(c)
	if err != nil {
		return nil, fmt.Errorf("captioning: %w", err)
	}
	if c = m.config; c.Stream == nil {
		return nil, errors.New("captioning: a Transformer needs a Stream to draw its parameters from")
	}
	w := c.WordvecDim
	visual, output := linear{"visual_projection", c.InputDim, w}, linear{"output", w, m.vocabulary}
	embedding := make([]float32, m.vocabulary*w)

	// What is drawn here is drawn again below; the stream has to move on all the same.
	m.draw(visual)
	c.Stream.Normal(embedding, 0, 1)
	for _, l := range layerLinears(0, w) {
		m.draw(l)
	}
	m.redraw(visual)
	c.Stream.Normal(embedding, 0, initialStd)
	m.set("embedding/weight", embedding, m.vocabulary, w)
	ones := slices.Repeat([]float32{1}, w)
	for i := range c.Layers {
		for _, l := range layerLinears(i, w) {
			m.redraw(l)
		}
		for _, norm := range []string{"norm1", "norm2", "norm3"} {
			m.set(layerName(i)+norm+"/weight", ones, w)
			m.set(layerName(i)+norm+"/bias", make([]float32, w), w)
		}
	}
	weight, bias := m.draw(output)
	m.set("output/weight", weight, output.out, output.in)
	m.set("output/bias", bias, output.out)
	return m, errors.Join(m.err, c.Stream.Err())
}

// draw draws a linear map with PyTorch's defaults.
func (m *Transformer) draw(l linear) (weight, bias []float32) {
	weight, bias = make([]float32, l.out*l.in), make([]float32, l.out)
	m.config.Stream.DefaultInit(weight, bias, l.in)
	return weight, bias
}

// redraw draws the weight of a linear map from a narrow normal, and sets both.
func (m *Transformer) redraw(l linear) {
	weight := make([]float32, l.out*l.in)
	m.config.Stream.Normal(weight, 0, initialStd)
	m.set(l.name+"/weight", weight, l.out, l.in)
	m.set(l.name+"/bias", make([]float32, l.out), l.out)
}

// set makes a parameter.
func (m *Transformer) set(name string, values []float32, dims ...int) {
	value := tensors.FromFlatDataAndDimensions(values, dims...)
	if m.config.DType == dtypes.Float64 {
		wide := make([]float64, len(values))
		for i, v := range values {
			wide[i] = float64(v)
		}
		value = tensors.FromFlatDataAndDimensions(wide, dims...)
	}
	_, err := m.store.CreateVariable(paramPath(name), value)
	m.err = errors.Join(m.err, err)
}

// names lists the parameters in the order of PyTorch's module.
func (m *Transformer) names() []string {
	both := func(l linear) []string { return []string{l.name + "/weight", l.name + "/bias"} }
	names := []string{"visual_projection/weight", "visual_projection/bias", "embedding/weight"}
	for i := range m.config.Layers {
		for _, l := range layerLinears(i, 0) {
			names = append(names, both(l)...)
		}
		for _, norm := range []string{"norm1", "norm2", "norm3"} {
			names = append(names, both(linear{name: layerName(i) + norm})...)
		}
	}
	return append(names, "output/weight", "output/bias")
}

// Kind is "transformer".
func (m *Transformer) Kind() string { return "transformer" }

// Params are the parameters in the order of PyTorch's module, with its names: weights of linear maps are
// (out, in). Their values can be read and set.
func (m *Transformer) Params() []*model.Variable {
	var params []*model.Variable
	for _, name := range m.names() {
		params = append(params, m.store.GetVariable(paramPath(name)))
	}
	return params
}

// emptyTransformer makes a model without parameters.
func emptyTransformer(c TransformerConfig) (*Transformer, error) {
	for _, d := range []struct {
		field *int
		value int
	}{{&c.Heads, 4}, {&c.Layers, 2}, {&c.MaxLength, 50}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	if c.DType == dtypes.InvalidDType {
		c.DType = dtypes.Float32
	}
	switch {
	case c.InputDim < 1 || c.WordvecDim < 1:
		return nil, fmt.Errorf("the dimensions of features (%d) and word vectors (%d) must be positive", c.InputDim, c.WordvecDim)
	case c.Heads < 1 || c.WordvecDim%c.Heads != 0:
		return nil, fmt.Errorf("%d heads do not divide the word vectors of %d: choose a divisor", c.Heads, c.WordvecDim)
	case c.WordvecDim%2 != 0:
		return nil, fmt.Errorf("word vectors of %d cannot take the positional encoding, which pairs sines with cosines: choose an even number", c.WordvecDim)
	case c.Layers < 1 || c.MaxLength < 1:
		return nil, fmt.Errorf("a Transformer needs at least one layer (%d) and captions of at least one word (%d)", c.Layers, c.MaxLength)
	case c.DType != dtypes.Float32 && c.DType != dtypes.Float64:
		return nil, fmt.Errorf("parameters can be Float32 or Float64, not %s", c.DType)
	}
	m := &Transformer{config: c, vocabulary: len(c.WordToIdx), store: model.NewStore()}
	var err error
	m.specialIDs, err = specialIDsOf(c.WordToIdx)
	return m, err
}
