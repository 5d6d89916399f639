package captioning

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/loop"
	"github.com/cs231n-go/assignment3/cs231n/temporal"
)

// MaxLength is how many words [RNN.Sample] says about an image.
const MaxLength = 30

// sampleBatch is how many images are described in one call of the compiled program.
const sampleBatch = 256

// Sample describes images, greedily: from <START> on, the word with the highest score is said and read as the
// next input. It goes on after <END> up to maxLength words, as the original does; [coco.Vocab.Decode] drops
// what comes then. maxLength 0 means [MaxLength].
//
// Shapes: features: (N, D) flat -> (N, maxLength) word ids.
func (m *RNN) Sample(backend compute.Backend, features []float32, maxLength int) ([][]int32, error) {
	if maxLength == 0 {
		maxLength = MaxLength
	}
	switch {
	case m.start < 0:
		return nil, fmt.Errorf("captioning: the vocabulary has no %s to begin a caption with", coco.Start)
	case maxLength < 0:
		return nil, fmt.Errorf("captioning: captions cannot have %d words", maxLength)
	}
	return sample(backend, m.Params(), features, m.inputDim(), nil, func(params []*Node, features *Node, _ []*Node) *Node {
		return m.sampleGraph(params, features, maxLength)
	})
}

// sample runs a graph that describes images, in batches of one size, for which it is compiled. extra makes further
// inputs for n images, if it is not nil.
//
// Shapes: features: (N, dim) flat; graph: params, features: (n, dim) -> (n, length) int32.
func sample(backend compute.Backend, params []*model.Variable, features []float32, dim int, extra func(n int) []any, graph func(params []*Node, features *Node, extra []*Node) *Node) ([][]int32, error) {
	if len(features) == 0 || len(features)%dim != 0 {
		return nil, fmt.Errorf("captioning: %d feature values are no whole images of %d, which the model was made for", len(features), dim)
	}
	inputs := make([]any, 1+len(params))
	for i, p := range params {
		value, err := p.Value()
		if err != nil {
			return nil, fmt.Errorf("captioning: %w", err)
		}
		inputs[1+i] = value
	}
	exec, err := NewExec(backend, func(inputs []*Node) *Node {
		return graph(inputs[1:1+len(params)], inputs[0], inputs[1+len(params):])
	})
	if err != nil {
		return nil, fmt.Errorf("captioning: %w", err)
	}
	defer exec.Finalize()

	var captions [][]int32
	n := len(features) / dim
	batch := min(n, sampleBatch)
	for first := 0; first < n; first += batch {
		// The last batch is filled up and cut again.
		rows := make([]float32, batch*dim)
		count := copy(rows, features[first*dim:]) / dim
		inputs[0] = tensors.FromFlatDataAndDimensions(rows, batch, dim)
		all := inputs
		if extra != nil {
			all = append(inputs[:len(inputs):len(inputs)], extra(batch)...)
		}
		out, err := exec.Call(all...)
		if err != nil {
			return nil, fmt.Errorf("captioning: captions cannot be sampled: %w", err)
		}
		ids, err := tensors.CopyFlatData[int32](out[0])
		if err != nil {
			return nil, fmt.Errorf("captioning: %w", err)
		}
		length := len(ids) / batch
		for i := range count {
			captions = append(captions, ids[i*length:(i+1)*length])
		}
	}
	return captions, nil
}

func (m *RNN) inputDim() int {
	return m.store.GetVariable(paramPath("W_proj")).Shape().Dim(0)
}

// sampleGraph builds the whole of greedy sampling as one loop over the words.
//
// Shapes: params: as [RNN.Params], features: (N, D) -> (N, maxLength) int32.
func (m *RNN) sampleGraph(params []*Node, features *Node, maxLength int) *Node {
	g := features.Graph()
	h0, _ := temporal.AffineForward(ConvertDType(features, params[0].DType()), params[1], params[2])
	start := BroadcastToDims(Const(g, int32(m.start)), features.Shape().Dim(0))
	state := append([]*Node{start, loop.Zero(start, features.Shape().Dim(0), maxLength)}, m.cell.start(h0)...)
	out := loop.For(maxLength, params, state, func(t *Node, params, state []*Node) []*Node {
		word, said, hidden := state[0], state[1], state[2:]
		x, _ := temporal.EmbeddingForward(word, params[0])
		hidden = m.cell.step(x, hidden, params[3], params[4], params[5])
		scores, _ := temporal.AffineForward(hidden[0], params[6], params[7])
		word = ArgMax(scores, -1, dtypes.Int32)
		return append([]*Node{word, loop.Put(said, 1, t, word)}, hidden...)
	})
	return out[1]
}
