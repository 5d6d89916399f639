package cases

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/cs231n-go/assignment3/cs231n/gan"
	"github.com/cs231n-go/assignment3/cs231n/lstm"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rnn"
	"github.com/cs231n-go/assignment3/cs231n/temporal"
	"github.com/cs231n-go/assignment3/cs231n/transformer"
)

// sizes returns the number of sizes that a case of each exercise has.
func sizes() map[string]int {
	return map[string]int{
		"rnn-step-forward": 3, "rnn-step-backward": 3, "rnn-forward": 4, "rnn-backward": 4, // N, (T,) D, H
		"lstm-step-forward": 3, "lstm-step-backward": 3, "lstm-forward": 4, "lstm-backward": 4,
		"embedding-forward": 4, "embedding-backward": 4, // N, T, V, D
		"rnn-loss":   6,                          // N, T, D, W, H, V
		"rnn-sample": 6,                          // N, length, D, W, H, V
		"attention":  5, "attention-backward": 5, // N, S, T, E, heads
		"position-table":     2,                     // positions, E
		"position-encoding":  4,                     // N, T, positions, E
		"transformer-scores": 7,                     // N, T, D, W, V, heads, layers
		"gan-noise":          2,                     // batch, dim
		"gan-discriminator":  1, "dc-classifier": 1, // N
		"gan-generator": 2, "dc-generator": 2, // N, dim
		"gan-loss-d": 1, "gan-loss-g": 1, "lsgan-loss-d": 1, "lsgan-loss-g": 1, // N
		"gan-optimizer": 0,
	}
}

// functions returns the evaluation of each exercise.
func functions() map[string]func(*run) ([]Array, error) {
	return map[string]func(*run) ([]Array, error){
		"rnn-step-forward": rnnStepForward, "rnn-step-backward": rnnStepBackward,
		"rnn-forward": rnnForward, "rnn-backward": rnnBackward,
		"lstm-step-forward": lstmStepForward, "lstm-step-backward": lstmStepBackward,
		"lstm-forward": lstmForward, "lstm-backward": lstmBackward,
		"embedding-forward": embeddingForward, "embedding-backward": embeddingBackward,
		"rnn-loss": rnnLoss, "rnn-sample": rnnSample,
		"attention": attention, "attention-backward": attentionBackward,
		"position-table": positionTable, "position-encoding": positionEncoding, "transformer-scores": transformerScores,
		"gan-noise":         ganNoise,
		"gan-discriminator": network(gan.Discriminator), "dc-classifier": network(gan.BuildDCClassifier),
		"gan-generator": generator(gan.Generator), "dc-generator": generator(gan.BuildDCGenerator),
		"gan-loss-d": loss(gan.DiscriminatorLoss), "lsgan-loss-d": loss(gan.LSDiscriminatorLoss),
		"gan-loss-g": loss(fakes(gan.GeneratorLoss)), "lsgan-loss-g": loss(fakes(gan.LSGeneratorLoss)),
		"gan-optimizer": ganOptimizer,
	}
}

// recurrent draws the inputs of a recurrent network with the given number of gates: x, the states and the weights.
func (r *run) recurrent(x []int, states, gates int) []any {
	n, d, h := x[0], x[len(x)-1], r.Sizes[len(r.Sizes)-1]
	in := []any{r.randn(x...)}
	for range states {
		in = append(in, r.randn(n, h))
	}
	return append(in, r.randn(d, gates*h), r.randn(h, gates*h), r.randn(gates*h))
}

func rnnStepForward(r *run) ([]Array, error) {
	in := r.recurrent(r.Sizes[:2], 1, 1)
	return r.compute([]string{"next_h"}, nil, in, func(_ nn.Values, in []*Node) []*Node {
		next, _ := rnn.StepForward(in[0], in[1], rnn.Weights{Wx: in[2], Wh: in[3], B: in[4]})
		return []*Node{next}
	})
}

func rnnStepBackward(r *run) ([]Array, error) {
	in := append(r.recurrent(r.Sizes[:2], 1, 1), r.randn(r.Sizes[0], r.Sizes[2]))
	return r.compute([]string{"dx", "dprev_h", "dWx", "dWh", "db"}, nil, in, func(_ nn.Values, in []*Node) []*Node {
		_, cache := rnn.StepForward(in[0], in[1], rnn.Weights{Wx: in[2], Wh: in[3], B: in[4]})
		dx, dh, dw := rnn.StepBackward(in[5], cache)
		return []*Node{dx, dh, dw.Wx, dw.Wh, dw.B}
	})
}

func rnnForward(r *run) ([]Array, error) {
	in := r.recurrent(r.Sizes[:3], 1, 1)
	return r.compute([]string{"h"}, nil, in, func(_ nn.Values, in []*Node) []*Node {
		h, _ := rnn.Forward(in[0], in[1], rnn.Weights{Wx: in[2], Wh: in[3], B: in[4]})
		return []*Node{h}
	})
}

func rnnBackward(r *run) ([]Array, error) {
	in := append(r.recurrent(r.Sizes[:3], 1, 1), r.randn(r.Sizes[0], r.Sizes[1], r.Sizes[3]))
	return r.compute([]string{"dx", "dh0", "dWx", "dWh", "db"}, nil, in, func(_ nn.Values, in []*Node) []*Node {
		_, cache := rnn.Forward(in[0], in[1], rnn.Weights{Wx: in[2], Wh: in[3], B: in[4]})
		dx, dh, dw := rnn.Backward(in[5], cache)
		return []*Node{dx, dh, dw.Wx, dw.Wh, dw.B}
	})
}

func lstmStepForward(r *run) ([]Array, error) {
	in := r.recurrent(r.Sizes[:2], 2, 4)
	return r.compute([]string{"next_h", "next_c"}, nil, in, func(_ nn.Values, in []*Node) []*Node {
		h, c, _ := lstm.StepForward(in[0], in[1], in[2], lstm.Weights{Wx: in[3], Wh: in[4], B: in[5]})
		return []*Node{h, c}
	})
}

func lstmStepBackward(r *run) ([]Array, error) {
	in := r.recurrent(r.Sizes[:2], 2, 4)
	in = append(in, r.randn(r.Sizes[0], r.Sizes[2]), r.randn(r.Sizes[0], r.Sizes[2]))
	return r.compute([]string{"dx", "dh", "dc", "dWx", "dWh", "db"}, nil, in, func(_ nn.Values, in []*Node) []*Node {
		_, _, cache := lstm.StepForward(in[0], in[1], in[2], lstm.Weights{Wx: in[3], Wh: in[4], B: in[5]})
		dx, dh, dc, dw := lstm.StepBackward(in[6], in[7], cache)
		return []*Node{dx, dh, dc, dw.Wx, dw.Wh, dw.B}
	})
}

func lstmForward(r *run) ([]Array, error) {
	in := r.recurrent(r.Sizes[:3], 1, 4)
	return r.compute([]string{"h"}, nil, in, func(_ nn.Values, in []*Node) []*Node {
		h, _ := lstm.Forward(in[0], in[1], lstm.Weights{Wx: in[2], Wh: in[3], B: in[4]})
		return []*Node{h}
	})
}

func lstmBackward(r *run) ([]Array, error) {
	in := append(r.recurrent(r.Sizes[:3], 1, 4), r.randn(r.Sizes[0], r.Sizes[1], r.Sizes[3]))
	return r.compute([]string{"dx", "dh0", "dWx", "dWh", "db"}, nil, in, func(_ nn.Values, in []*Node) []*Node {
		_, cache := lstm.Forward(in[0], in[1], lstm.Weights{Wx: in[2], Wh: in[3], B: in[4]})
		dx, dh, dw := lstm.Backward(in[5], cache)
		return []*Node{dx, dh, dw.Wx, dw.Wh, dw.B}
	})
}

// embedding draws the inputs of a word embedding. Of the kind "repeated" all words are one of two.
func (r *run) embedding() []any {
	n, t, v, d := r.Sizes[0], r.Sizes[1], r.Sizes[2], r.Sizes[3]
	used := v
	if r.Kind == "repeated" {
		used = min(2, v)
	}
	return []any{r.words(used, n, t), r.randn(v, d), r.randn(n, t, d)}
}

func embeddingForward(r *run) ([]Array, error) {
	return r.compute([]string{"out"}, nil, r.embedding()[:2], func(_ nn.Values, in []*Node) []*Node {
		out, _ := temporal.EmbeddingForward(in[0], in[1])
		return []*Node{out}
	})
}

func embeddingBackward(r *run) ([]Array, error) {
	return r.compute([]string{"dW"}, nil, r.embedding(), func(_ nn.Values, in []*Node) []*Node {
		_, cache := temporal.EmbeddingForward(in[0], in[1])
		return []*Node{temporal.EmbeddingBackward(in[2], cache)}
	})
}

// attentionLayer builds a layer and its inputs: query, key and value, and a mask for the kind "mask". Of the kind "self"
// all three are the same.
func (r *run) attentionLayer() (layer *nn.Attention, in []*tensors.Tensor, mask *tensors.Tensor) {
	n, s, t, e := r.Sizes[0], r.Sizes[1], r.Sizes[2], r.Sizes[3]
	layer = nn.MultiHeadAttention(e, r.Sizes[4], nil)
	nn.Double(layer.Params())
	r.fill(layer.Params(), 1)
	in = []*tensors.Tensor{r.randn(n, s, e), r.randn(n, t, e), r.randn(n, t, e)}
	if r.Kind == "self" {
		in[1], in[2] = in[0], in[0]
	}
	if r.Kind == "mask" {
		allowed := make([]bool, s*t)
		for i := range allowed {
			allowed[i] = i%t <= i/t // causal, so that each query has at least one key
		}
		mask = tensors.FromFlatDataAndDimensions(allowed, s, t)
	}
	return layer, in, mask
}

func attention(r *run) ([]Array, error) {
	layer, in, mask := r.attentionLayer()
	inputs := []any{in[0], in[1], in[2]}
	if mask != nil {
		inputs = append(inputs, mask)
	}
	if r.Kind == "dropout" {
		inputs = append(inputs, []uint32{r.Seed})
	}
	return r.compute([]string{"out", "weights"}, layer.Params(), inputs, func(p nn.Values, in []*Node) []*Node {
		var drop nn.Dropout
		var m *Node
		if r.Kind == "dropout" {
			drop = nn.SeededDropout(0.3, in[3])
		}
		if mask != nil {
			m = in[3]
		}
		out, weights, _ := layer.Forward(p, in[0], in[1], in[2], m, drop)
		return []*Node{out, weights}
	})
}

func attentionBackward(r *run) ([]Array, error) {
	layer, in, mask := r.attentionLayer()
	inputs := []any{in[0], in[1], in[2], r.randn(r.Sizes[0], r.Sizes[1], r.Sizes[3])}
	if mask != nil {
		inputs = append(inputs, mask)
	}
	if r.Kind == "dropout" {
		inputs = append(inputs, []uint32{r.Seed})
	}
	names := []string{"dquery", "dkey", "dvalue"}
	for _, p := range layer.Params() {
		names = append(names, "d"+p.Name)
	}
	return r.compute(names, layer.Params(), inputs, func(p nn.Values, in []*Node) []*Node {
		var drop nn.Dropout
		var m *Node
		if r.Kind == "dropout" {
			drop = nn.SeededDropout(0.3, in[4])
		}
		if mask != nil {
			m = in[4]
		}
		_, _, back := layer.Forward(p, in[0], in[1], in[2], m, drop)
		dquery, dkey, dvalue, dparams := back(in[3])
		return append([]*Node{dquery, dkey, dvalue}, dparams...)
	})
}

func positionTable(r *run) ([]Array, error) {
	n, e := r.Sizes[0], r.Sizes[1]
	table := transformer.PositionTable(n, e)
	var values []float64
	width := e
	for _, row := range table {
		width = len(row)
		for _, v := range row {
			values = append(values, float64(v))
		}
	}
	if len(values) != len(table)*width {
		return nil, fmt.Errorf("the rows of the table have different lengths")
	}
	return []Array{NewArray("table", values, len(table), width)}, nil
}

func positionEncoding(r *run) ([]Array, error) {
	n, t, positions, e := r.Sizes[0], r.Sizes[1], r.Sizes[2], r.Sizes[3]
	inputs := []any{r.randn(n, t, e), r.randn(positions, e), []uint32{r.Seed}}
	return r.compute([]string{"out"}, nil, inputs, func(_ nn.Values, in []*Node) []*Node {
		var drop nn.Dropout
		if r.Kind == "dropout" {
			drop = nn.SeededDropout(0.3, in[2])
		}
		return []*Node{transformer.PositionalEncoding(in[0], in[1], drop)}
	})
}

// float64Type is the type of the captioning models, whose results are compared to many digits.
const float64Type = dtypes.Float64
