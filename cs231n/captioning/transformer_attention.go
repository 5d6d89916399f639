package captioning

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/floats"

	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// Attention tells where the words of a caption look: the weights of the self-attention of every layer and head, row
// by row for each word that is read. Every row sums to 1 and is 0 to the right of the diagonal.
//
// Shapes: features: (D), caption: (T) word ids as the model reads them, <START> first -> layers of heads of (T, T).
func (m *Transformer) Attention(backend compute.Backend, features []float32, caption []int32) ([][][][]float64, error) {
	_, weights, err := m.read(backend, tensors.FromFlatDataAndDimensions(features, 1, len(features)), [][]int32{caption}, nil)
	if err != nil {
		return nil, err
	}
	t := len(caption)
	var layers [][][][]float64
	for _, w := range weights {
		values, err := tensors.CopyFlatData[float64](w)
		if err != nil {
			return nil, fmt.Errorf("captioning: %w", err)
		}
		var heads [][][]float64
		for range m.config.Heads {
			var rows [][]float64
			for range t {
				rows, values = append(rows, values[:t]), values[t:]
			}
			heads = append(heads, rows)
		}
		layers = append(layers, heads)
	}
	return layers, nil
}

// Scores are the scores of the word after each word of some captions, as the original's forward computes them. The
// stream draws dropout as in training; nil leaves it out.
//
// Shapes: features: (N, D), captions: (N, T) -> (N, T, V) flat.
func (m *Transformer) Scores(backend compute.Backend, features *tensors.Tensor, captions [][]int32, stream *rng.Torch) ([]float64, error) {
	scores, _, err := m.read(backend, features, captions, stream)
	if err != nil {
		return nil, err
	}
	return tensors.CopyFlatData[float64](scores)
}

// read computes scores and attention weights of captions, in double precision for whoever looks at them.
func (m *Transformer) read(backend compute.Backend, features *tensors.Tensor, captions [][]int32, stream *rng.Torch) (scores *tensors.Tensor, weights []*tensors.Tensor, err error) {
	ids, err := captionTensor(captions, m.vocabulary, 1)
	switch n := len(captions); {
	case err != nil:
		return nil, nil, err
	case features.Shape().Rank() != 2 || features.Shape().Dim(0) != n || features.Shape().Dim(1) != m.config.InputDim:
		return nil, nil, fmt.Errorf("captioning: features %s for %d captions of images with %d each", features.Shape(), n, m.config.InputDim)
	case len(captions[0]) > m.config.MaxLength:
		return nil, nil, fmt.Errorf("captioning: captions of %d words do not fit the model, which was made for %d at most", len(captions[0]), m.config.MaxLength)
	}
	inputs := []any{features, ids}
	for _, p := range m.Params() {
		value, err := p.Value()
		if err != nil {
			return nil, nil, fmt.Errorf("captioning: %w", err)
		}
		inputs = append(inputs, value)
	}
	count := len(inputs)
	if stream != nil {
		seeds := make([]uint32, m.masks())
		stream.DropoutSeeds(seeds)
		inputs = append(inputs, seeds)
	}
	out, err := CallOnceN(backend, func(in []*Node) []*Node {
		var seeds *Node
		if len(in) > count {
			seeds = in[count]
		}
		scores, weights := m.ScoresGraph(in[2:count], in[0], in[1], seeds)
		out := []*Node{ConvertDType(scores, dtypes.Float64)}
		for _, w := range weights {
			out = append(out, ConvertDType(w, dtypes.Float64))
		}
		return out
	}, inputs...)
	if err != nil {
		return nil, nil, fmt.Errorf("captioning: the scores cannot be computed: %w", err)
	}
	return out[0], out[1:], nil
}

// SampleWithDropout samples greedily as the original notebook did, which left dropout on: at every word all words so
// far are scored again under new masks, which the stream draws; nil leaves dropout out. The sequence grows, so each
// word takes a program of its own: it is here to be compared with [Transformer.Sample].
func (m *Transformer) SampleWithDropout(backend compute.Backend, features []float32, maxLength int, stream *rng.Torch) ([][]int32, error) {
	maxLength, err := m.length(maxLength)
	if err != nil {
		return nil, err
	}
	n := len(features) / m.config.InputDim
	if n < 1 || len(features)%m.config.InputDim != 0 {
		return nil, fmt.Errorf("captioning: %d feature values are no whole images of %d, which the model was made for", len(features), m.config.InputDim)
	}
	said, read := make([][]int32, n), make([][]int32, n)
	for i := range read {
		read[i] = []int32{int32(m.start)}
	}
	for t := range maxLength {
		scores, err := m.Scores(backend, tensors.FromFlatDataAndDimensions(features, n, m.config.InputDim), read, stream)
		if err != nil {
			return nil, err
		}
		for i := range read {
			of := scores[(i*(t+1)+t)*m.vocabulary : (i*(t+1)+t+1)*m.vocabulary]
			word := int32(floats.MaxIdx(of))
			said[i], read[i] = append(said[i], word), append(read[i], word)
		}
	}
	return said, nil
}
