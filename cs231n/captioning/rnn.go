package captioning

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/rnn"
)

// RNNConfig holds the settings of a captioning RNN.
type RNNConfig struct {
	CellType   string         // "rnn" or "lstm"; empty means "rnn"
	WordToIdx  map[string]int // the vocabulary; its size is V
	InputDim   int            // D
	WordvecDim int            // W; 0 means 128
	HiddenDim  int            // H; 0 means 128
	DType      dtypes.DType   // type of the parameters; 0 means Float32
	Stream     *rng.NumPy     // source of the initial parameters
}

// RNN is the assignment's CaptioningRNN. The image features, projected to H dimensions, are the initial hidden state of a
// recurrent network. At each step its input is a word of the caption, and its output the scores of the next word. Sources:
// Vinyals et al. 2015, https://arxiv.org/abs/1411.4555, and Karpathy and Fei-Fei 2015, https://arxiv.org/abs/1412.2306.
type RNN struct {
	RNNParams
	kind       string
	cell       cell
	vocabulary int
	specialIDs
	sampling
}

// RNNParams are the parameters of an [RNN], with m = 4 for the LSTM and 1 otherwise.
type RNNParams struct {
	WEmbed         *nn.Param // (V, W)
	WProj, BProj   *nn.Param // (D, H), (H)
	Wx, Wh, B      *nn.Param // (W, mH), (H, mH), (mH)
	WVocab, BVocab *nn.Param // (H, V), (V)
}

// Params lists the parameters in the order in which they are drawn; see [NewRNN].
func (p RNNParams) Params() []*nn.Param {
	return []*nn.Param{p.WEmbed, p.WProj, p.BProj, p.Wx, p.Wh, p.B, p.WVocab, p.BVocab}
}

// weights returns the nodes of the recurrent weights.
func (p RNNParams) weights(v nn.Values) rnn.Weights {
	return rnn.Weights{Wx: v[p.Wx], Wh: v[p.Wh], B: v[p.B]}
}

// NewRNN builds a model. It draws the parameters from c.Stream in float64, as NumPy's randn does, then converts them:
//
//	W_embed (V, W) / 100    W_proj (D, H) / √D    b_proj 0
//	Wx (W, mH) / √W         Wh (H, mH) / √H       b 0        with m = 4 for the LSTM, else 1
//	W_vocab (H, V) / √H     b_vocab 0
func NewRNN(c RNNConfig) (*RNN, error) {
	if c.Stream == nil {
		return nil, errors.New("captioning: an RNN needs a Stream to draw its parameters from")
	}
	m, err := newRNN(c)
	if err != nil {
		return nil, fmt.Errorf("captioning: %w", err)
	}
	return m, c.Stream.Err()
}

// newRNN builds a model. Without a stream its parameters are zero.
func newRNN(c RNNConfig) (*RNN, error) {
	c.CellType, c.DType = cmp.Or(c.CellType, "rnn"), cmp.Or(c.DType, dtypes.Float32)
	c.WordvecDim, c.HiddenDim = cmp.Or(c.WordvecDim, 128), cmp.Or(c.HiddenDim, 128)
	m := &RNN{kind: c.CellType, vocabulary: len(c.WordToIdx)}
	switch c.CellType {
	case "rnn":
		m.cell = rnnCell()
	case "lstm":
		m.cell = lstmCell()
	default:
		return nil, fmt.Errorf("unknown cell type %q; choose rnn or lstm", c.CellType)
	}
	switch {
	case c.InputDim < 1 || c.WordvecDim < 1 || c.HiddenDim < 1:
		return nil, fmt.Errorf("the dimensions of features (%d), word vectors (%d) and hidden state (%d) must be positive", c.InputDim, c.WordvecDim, c.HiddenDim)
	case c.DType != dtypes.Float32 && c.DType != dtypes.Float64:
		return nil, fmt.Errorf("parameters can be Float32 or Float64, not %s", c.DType)
	}
	v, w, d, h, mh := m.vocabulary, c.WordvecDim, c.InputDim, c.HiddenDim, m.cell.gates*c.HiddenDim
	param := func(name string, divisor float64, dims ...int) *nn.Param {
		return randn(c.Stream, c.DType, name, divisor, dims...)
	}
	m.RNNParams = RNNParams{
		WEmbed: param("W_embed", 100, v, w),
		WProj:  param("W_proj", math.Sqrt(float64(d)), d, h), BProj: param("b_proj", 0, h),
		Wx: param("Wx", math.Sqrt(float64(w)), w, mh), Wh: param("Wh", math.Sqrt(float64(h)), h, mh), B: param("b", 0, mh),
		WVocab: param("W_vocab", math.Sqrt(float64(h)), h, v), BVocab: param("b_vocab", 0, v),
	}
	var err error
	m.specialIDs, err = specialIDsOf(c.WordToIdx)
	return m, err
}

// randn returns a parameter of standard normal values, divided by divisor. With a divisor of 0 or without a stream it is
// zero.
func randn(stream *rng.NumPy, dtype dtypes.DType, name string, divisor float64, dims ...int) *nn.Param {
	values := make([]float64, shapes.Make(dtype, dims...).Size())
	if divisor != 0 && stream != nil {
		stream.Randn(values)
		for i := range values {
			values[i] /= divisor
		}
	}
	if dtype == dtypes.Float64 {
		return nn.NewParam(name, values, dims...)
	}
	narrow := make([]float32, len(values))
	for i, v := range values {
		narrow[i] = float32(v)
	}
	return nn.NewParam(name, narrow, dims...)
}

// specialIDs are the ids of <NULL>, <START> and <END>. The last two are −1 if the vocabulary lacks them.
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
		return ids, fmt.Errorf("the vocabulary of %d words has no padding token %s", len(wordToIdx), coco.Null)
	}
	return ids, nil
}

// Kind returns "rnn" or "lstm".
func (m *RNN) Kind() string { return m.kind }

// Training implements [Model]. A call takes one step, since the loop over time cannot be nested in a loop over steps.
func (m *RNN) Training() Training { return Training{Rule: "sgd"} }

// Check implements [Model].
func (m *RNN) Check(data *coco.Data) error { return checkData(data, m.inputDim(), m.vocabulary) }

// StepGraph implements [Model]; see [RNN.LossGraph].
func (m *RNN) StepGraph(p nn.Values, features, captions, _ *Node) (loss *Node, grads []*Node) {
	return m.LossGraph(p, features, captions)
}

func (m *RNN) inputDim() int { return m.WProj.Shape().Dim(0) }

// Loss computes the loss of a batch and the gradient of every parameter, in the order of Params.
//
// Shapes: features: (N, D), captions: (N, T).
func (m *RNN) Loss(backend compute.Backend, features *tensors.Tensor, captions [][]int32) (loss float64, grads []*tensors.Tensor, err error) {
	ids, err := captionTensor(captions, m.vocabulary, 2)
	if err != nil {
		return 0, nil, err
	}
	out, err := nn.Compute(backend, m.Params(), []any{features, ids}, func(p nn.Values, in []*Node) []*Node {
		loss, grads := m.LossGraph(p, in[0], in[1])
		return append([]*Node{ConvertDType(loss, dtypes.Float64)}, grads...)
	})
	if err != nil {
		return 0, nil, fmt.Errorf("captioning: cannot compute the loss: %w", err)
	}
	return tensors.ToScalar[float64](out[0]), out[1:], nil
}

// captionTensor validates captions, which need at least minWords words each, and packs them into an (N, T) tensor.
func captionTensor(captions [][]int32, vocabulary, minWords int) (*tensors.Tensor, error) {
	if len(captions) == 0 || len(captions[0]) < minWords {
		return nil, fmt.Errorf("captioning: want at least one caption, each of at least %d words", minWords)
	}
	var ids []int32
	for i, caption := range captions {
		if len(caption) != len(captions[0]) {
			return nil, fmt.Errorf("captioning: caption %d has %d words and caption 0 has %d; pad them with %s to one length", i, len(caption), len(captions[0]), coco.Null)
		}
		if t := outside(caption, vocabulary); t >= 0 {
			return nil, fmt.Errorf("captioning: word %d of caption %d has the id %d, outside the vocabulary of %d words", t, i, caption[t], vocabulary)
		}
		ids = append(ids, caption...)
	}
	return tensors.FromFlatDataAndDimensions(ids, len(captions), len(captions[0])), nil
}

// outside returns the position of the first id outside the vocabulary, or −1 if all are inside.
func outside(ids []int32, vocabulary int) int {
	return slices.IndexFunc(ids, func(id int32) bool { return id < 0 || int(id) >= vocabulary })
}
