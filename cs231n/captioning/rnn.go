package captioning

import (
	"errors"
	"fmt"
	"math"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/temporal"
)

// RNNConfig says how a captioning RNN is built.
type RNNConfig struct {
	CellType   string         // "rnn" or "lstm"; empty means "rnn"
	WordToIdx  map[string]int // the vocabulary; its size is V
	InputDim   int            // D
	WordvecDim int            // W; 0 means 128
	HiddenDim  int            // H; 0 means 128
	DType      dtypes.DType   // type of the parameters; 0 means Float32
	Stream     *rng.NumPy     // source of the initial parameters
}

// RNN is the assignment's CaptioningRNN. The image's features become the initial hidden state of a recurrent
// network, which then reads the caption word by word and scores, after each, every word of the vocabulary as
// the next one (Vinyals et al. 2015, https://arxiv.org/abs/1411.4555; Karpathy and Fei-Fei 2015).
type RNN struct {
	kind       string
	cell       cell
	vocabulary int
	specialIDs
	store *model.Store
}

// NewRNN draws the parameters from c.Stream, as NumPy's randn in float64, and casts them in the end:
//
//	W_embed (V, W) / 100    W_proj (D, H) / √D    b_proj 0
//	Wx (W, mH) / √W         Wh (H, mH) / √H       b 0        with m = 4 for the LSTM, else 1
//	W_vocab (H, V) / √H     b_vocab 0
func NewRNN(c RNNConfig) (*RNN, error) {
	if c.CellType == "" {
		c.CellType = "rnn"
	}
	if c.WordvecDim == 0 {
		c.WordvecDim = 128
	}
	if c.HiddenDim == 0 {
		c.HiddenDim = 128
	}
	if c.DType == dtypes.InvalidDType {
		c.DType = dtypes.Float32
	}
	m, err := emptyRNN(c.CellType, c.WordToIdx)
	switch {
	case err != nil:
		return nil, fmt.Errorf("captioning: %w", err)
	case c.InputDim < 1 || c.WordvecDim < 1 || c.HiddenDim < 1:
		return nil, fmt.Errorf("captioning: the dimensions of features (%d), word vectors (%d) and hidden state (%d) must be positive", c.InputDim, c.WordvecDim, c.HiddenDim)
	case c.Stream == nil:
		return nil, errors.New("captioning: an RNN needs a Stream to draw its parameters from")
	case c.DType != dtypes.Float32 && c.DType != dtypes.Float64:
		return nil, fmt.Errorf("captioning: parameters can be Float32 or Float64, not %s", c.DType)
	}
	v, w, d, h, mh := m.vocabulary, c.WordvecDim, c.InputDim, c.HiddenDim, m.cell.gates*c.HiddenDim
	for _, p := range []struct {
		name  string
		scale float64 // what the normals are divided by; 0 means zeros
		dims  []int
	}{
		{"W_embed", 100, []int{v, w}},
		{"W_proj", math.Sqrt(float64(d)), []int{d, h}}, {"b_proj", 0, []int{h}},
		{"Wx", math.Sqrt(float64(w)), []int{w, mh}}, {"Wh", math.Sqrt(float64(h)), []int{h, mh}}, {"b", 0, []int{mh}},
		{"W_vocab", math.Sqrt(float64(h)), []int{h, v}}, {"b_vocab", 0, []int{v}},
	} {
		values := make([]float64, shapes.Make(c.DType, p.dims...).Size())
		if p.scale != 0 {
			c.Stream.Randn(values)
			for i := range values {
				values[i] /= p.scale
			}
		}
		if _, err := m.store.CreateVariable(paramPath(p.name), cast(values, c.DType, p.dims)); err != nil {
			return nil, fmt.Errorf("captioning: %w", err)
		}
	}
	return m, c.Stream.Err()
}

// emptyRNN makes a model without parameters.
func emptyRNN(kind string, wordToIdx map[string]int) (*RNN, error) {
	m := &RNN{kind: kind, vocabulary: len(wordToIdx), store: model.NewStore()}
	switch kind {
	case "rnn":
		m.cell = vanilla()
	case "lstm":
		m.cell = longShortTermMemory()
	default:
		return nil, fmt.Errorf("there is no cell type %q; choose rnn or lstm", kind)
	}
	var err error
	m.specialIDs, err = specialIDsOf(wordToIdx)
	return m, err
}

// specialIDs are the ids of the words that are none: padding, which every vocabulary has, and the marks around a
// caption, −1 where it lacks them.
type specialIDs struct{ null, start, end int }

func specialIDsOf(wordToIdx map[string]int) (specialIDs, error) {
	of := func(word string) int {
		if id, ok := wordToIdx[word]; ok {
			return id
		}
		return -1
	}
	ids := specialIDs{of(coco.Null), of(coco.Start), of(coco.End)}
	if ids.null < 0 {
		return ids, fmt.Errorf("the vocabulary of %d words has no %s, the padding that does not count", len(wordToIdx), coco.Null)
	}
	return ids, nil
}

// paramNames lists the parameters in the order in which they are drawn.
func paramNames() []string {
	return []string{"W_embed", "W_proj", "b_proj", "Wx", "Wh", "b", "W_vocab", "b_vocab"}
}

func paramPath(name string) string { return model.JoinPath(modelScope, name) }

func cast(values []float64, dtype dtypes.DType, dims []int) *tensors.Tensor {
	if dtype == dtypes.Float64 {
		return tensors.FromFlatDataAndDimensions(values, dims...)
	}
	narrow := make([]float32, len(values))
	for i, v := range values {
		narrow[i] = float32(v)
	}
	return tensors.FromFlatDataAndDimensions(narrow, dims...)
}

// Kind is "rnn" or "lstm".
func (m *RNN) Kind() string { return m.kind }

// Params are the parameters, in the order in which they were drawn; see [NewRNN]. Their values can be read
// and set.
func (m *RNN) Params() []*model.Variable {
	var params []*model.Variable
	for _, name := range paramNames() {
		params = append(params, m.store.GetVariable(paramPath(name)))
	}
	return params
}

// LossGraph builds the loss of a batch and, by hand, its gradients:
//
//  1. h0 = features·W_proj + b_proj
//  2. x = the vectors of all words but the last
//  3. h = the recurrent network over x, beginning with h0
//  4. scores = h·W_vocab + b_vocab
//  5. loss = the softmax loss of all words but the first under these scores, padding left out
//
// Shapes: params: as [RNN.Params], features: (N, D), captions: (N, T) integers -> loss: scalar, grads: as
// params.
func (m *RNN) LossGraph(params []*Node, features, captions *Node) (loss *Node, grads []*Node) {
	wEmbed, wProj, bProj, wx, wh, b, wVocab, bVocab := params[0], params[1], params[2], params[3], params[4], params[5], params[6], params[7]
	in, target, counts := shift(captions, m.null)

	h0, projection := temporal.AffineForward(features, wProj, bProj)
	x, embedding := temporal.EmbeddingForward(in, wEmbed)
	h, back := m.cell.forward(x, h0, wx, wh, b)
	scores, vocabulary := temporal.AffineForward(h, wVocab, bVocab)
	loss, dscores := temporal.SoftmaxLoss(scores, target, counts)

	dh, dwVocab, dbVocab := temporal.AffineBackward(dscores, vocabulary)
	dx, dh0, dwx, dwh, db := back(dh)
	dwEmbed := temporal.EmbeddingBackward(dx, embedding)
	_, dwProj, dbProj := temporal.AffineBackward(dh0, projection)
	return loss, []*Node{dwEmbed, dwProj, dbProj, dwx, dwh, db, dwVocab, dbVocab}
}

// LossUnrolled is the loss of [RNN.LossGraph] in a form whose gradients GoMLX can derive.
func (m *RNN) LossUnrolled(params []*Node, features, captions *Node) (loss *Node) {
	in, target, counts := shift(captions, m.null)
	h0, _ := temporal.AffineForward(features, params[1], params[2])
	x, _ := temporal.EmbeddingForward(in, params[0])
	scores, _ := temporal.AffineForward(m.cell.unrolled(x, h0, params[3], params[4], params[5]), params[6], params[7])
	loss, _ = temporal.SoftmaxLoss(scores, target, counts)
	return loss
}

// Loss computes the loss of a batch and the gradient of every parameter, in the order of [RNN.Params].
//
// Shapes: features: (N, D), captions: (N, T).
func (m *RNN) Loss(backend compute.Backend, features *tensors.Tensor, captions [][]int32) (loss float64, grads []*tensors.Tensor, err error) {
	ids, err := captionTensor(captions, m.vocabulary, 2)
	if err != nil {
		return 0, nil, err
	}
	inputs := []any{features, ids}
	for _, p := range m.Params() {
		value, err := p.Value()
		if err != nil {
			return 0, nil, fmt.Errorf("captioning: %w", err)
		}
		inputs = append(inputs, value)
	}
	out, err := CallOnceN(backend, func(inputs []*Node) []*Node {
		loss, grads := m.LossGraph(inputs[2:], inputs[0], inputs[1])
		return append([]*Node{ConvertDType(loss, dtypes.Float64)}, grads...)
	}, inputs...)
	if err != nil {
		return 0, nil, fmt.Errorf("captioning: the loss cannot be computed: %w", err)
	}
	return tensors.ToScalar[float64](out[0]), out[1:], nil
}

// captionTensor checks captions of at least so many words, and packs them.
func captionTensor(captions [][]int32, vocabulary, least int) (*tensors.Tensor, error) {
	if len(captions) == 0 || len(captions[0]) < least {
		return nil, fmt.Errorf("captioning: at least one caption is needed, and every one must have %d words at least", least)
	}
	var ids []int32
	for i, caption := range captions {
		if len(caption) != len(captions[0]) {
			return nil, fmt.Errorf("captioning: caption %d has %d words and caption 0 has %d; pad them with %s to one length", i, len(caption), len(captions[0]), coco.Null)
		}
		for t, id := range caption {
			if id < 0 || int(id) >= vocabulary {
				return nil, fmt.Errorf("captioning: word %d of caption %d has the id %d, outside the vocabulary of %d words", t, i, id, vocabulary)
			}
		}
		ids = append(ids, caption...)
	}
	return tensors.FromFlatDataAndDimensions(ids, len(captions), len(captions[0])), nil
}
