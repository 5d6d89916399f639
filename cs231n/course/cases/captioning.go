package cases

import (
	"fmt"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/cs231n-go/assignment3/cs231n/captioning"
	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// vocabulary makes one of v words: the special ones first, in another order than usual, so that their ids are not guessed.
func vocabulary(v int) map[string]int {
	words := map[string]int{coco.End: 0, coco.Null: 1, coco.Start: 2}
	for id := len(words); id < v; id++ {
		words[fmt.Sprint("word", id)] = id
	}
	return words
}

// captions draws captions. Of the kind "padding" each row ends with a different number of <NULL>s.
func (r *run) captions(n, t, v int) [][]int32 {
	flat := tensors.MustCopyFlatData[int32](r.words(v-2, n, t))
	rows := make([][]int32, n)
	for i := range rows {
		rows[i] = flat[i*t : (i+1)*t]
		for j := range rows[i] {
			rows[i][j] += 2 // no <END>, no <NULL>
			if r.Kind == "padding" && j > 1 && j >= t-i%t {
				rows[i][j] = 1
			}
		}
	}
	return rows
}

// rnnModel builds a small captioning RNN of random parameters; see fill.
func (r *run) rnnModel(d, w, h, v int, scale float64) (*captioning.RNN, error) {
	kind := "rnn"
	if r.Kind == "lstm" {
		kind = r.Kind
	}
	model, err := captioning.NewRNN(captioning.RNNConfig{
		CellType: kind, WordToIdx: vocabulary(v), InputDim: d, WordvecDim: w, HiddenDim: h, DType: float64Type, Stream: r.stream,
	})
	if err != nil {
		return nil, err
	}
	r.fill(model.Params(), scale)
	return model, nil
}

func rnnLoss(r *run) ([]Array, error) {
	n, t, d := r.Sizes[0], r.Sizes[1], r.Sizes[2]
	model, err := r.rnnModel(d, r.Sizes[3], r.Sizes[4], r.Sizes[5], 2)
	if err != nil {
		return nil, err
	}
	names := []string{"loss"}
	for _, p := range model.Params() {
		names = append(names, "d"+p.Name)
	}
	captions := slices.Concat(r.captions(n, t, r.Sizes[5])...)
	inputs := []any{r.randn(n, d), tensors.FromFlatDataAndDimensions(captions, n, t)}
	return r.compute(names, model.Params(), inputs, func(p nn.Values, in []*Node) []*Node {
		loss, grads := model.LossGraph(p, in[0], in[1])
		if len(grads) != len(model.Params()) {
			panic(fmt.Errorf("LossGraph returns %d gradients for %d parameters", len(grads), len(model.Params())))
		}
		return append([]*Node{loss}, grads...)
	})
}

func rnnSample(r *run) ([]Array, error) {
	n, length, d := r.Sizes[0], r.Sizes[1], r.Sizes[2]
	model, err := r.rnnModel(d, r.Sizes[3], r.Sizes[4], r.Sizes[5], 6) // large parameters, so that words do not repeat
	if err != nil {
		return nil, err
	}
	features := make([]float32, n*d)
	for i := range features {
		features[i] = float32(2*r.stream.Float64() - 1)
	}
	captions, err := model.Sample(r.backend, features, captioning.SampleOptions{Length: length})
	if err != nil {
		return nil, err
	}
	return []Array{integers("words", captions)}, nil
}

func transformerScores(r *run) ([]Array, error) {
	n, t, d, w, v := r.Sizes[0], r.Sizes[1], r.Sizes[2], r.Sizes[3], r.Sizes[4]
	model, err := captioning.NewTransformer(captioning.TransformerConfig{
		WordToIdx: vocabulary(v), InputDim: d, WordvecDim: w, Heads: r.Sizes[5], Layers: r.Sizes[6], MaxLength: t + 3,
		DType: float64Type, Stream: rng.NewTorch(uint64(r.Seed)),
	})
	if err != nil {
		return nil, err
	}
	r.fill(model.Params(), 1)
	captions := slices.Concat(r.captions(n, t, v)...)
	inputs := []any{r.randn(n, d), tensors.FromFlatDataAndDimensions(captions, n, t)}
	if r.Kind == "dropout" {
		seeds := make([]uint32, 64)
		for i := range seeds {
			seeds[i] = r.Seed + uint32(i)
		}
		inputs = append(inputs, seeds)
	}
	return r.compute([]string{"scores", "weights of the first layer"}, model.Params(), inputs, func(p nn.Values, in []*Node) []*Node {
		var drop nn.Dropout
		if r.Kind == "dropout" {
			drop = nn.SeededDropout(0.1, in[2])
		}
		scores, weights := model.ScoresGraph(p, in[0], in[1], drop)
		if len(weights) == 0 {
			panic(fmt.Errorf("ScoresGraph returns no attention weights: return those that the decoder returns"))
		}
		return []*Node{scores, weights[0]}
	})
}
