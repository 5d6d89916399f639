package captioning

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/floats"

	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// Attention returns the self-attention weights of every layer and head, one row per input word. Every row sums to 1 and is 0
// to the right of the diagonal.
//
// Shapes: features: (D), caption: (T) input words, <START> first -> (layers, heads, T, T).
func (m *Transformer) Attention(backend compute.Backend, features []float32, caption []int32) ([][][][]float64, error) {
	_, weights, err := m.read(backend, tensors.FromFlatDataAndDimensions(features, 1, len(features)), [][]int32{caption}, nil)
	if err != nil {
		return nil, err
	}
	var layers [][][][]float64
	for _, w := range weights {
		layers = append(layers, w.Value().([][][][]float64)[0])
	}
	return layers, nil
}

// ReadBy returns the words that a model reads while it generates a caption, and their ids: <START> and all words before
// <END>.
func ReadBy(vocab *coco.Vocab, caption []int32) (ids []int32, words []string) {
	end := slices.Index(caption, int32(vocab.IDs[coco.End]))
	if end < 0 {
		end = len(caption)
	}
	for _, id := range append([]int32{int32(vocab.IDs[coco.Start])}, caption[:end]...) {
		ids, words = append(ids, id), append(words, vocab.Words[id])
	}
	return ids, words
}

// Scores computes the scores of the next word after each word of the captions, as the original's forward does. The stream
// draws dropout masks as in training; nil turns dropout off.
//
// Shapes: features: (N, D), captions: (N, T) -> (N, T, V) flat.
func (m *Transformer) Scores(backend compute.Backend, features *tensors.Tensor, captions [][]int32, stream *rng.Torch) ([]float64, error) {
	scores, _, err := m.read(backend, features, captions, stream)
	if err != nil {
		return nil, err
	}
	return tensors.CopyFlatData[float64](scores)
}

// read computes scores and attention weights of captions, in double precision.
func (m *Transformer) read(backend compute.Backend, features *tensors.Tensor, captions [][]int32, stream *rng.Torch) (scores *tensors.Tensor, weights []*tensors.Tensor, err error) {
	ids, err := captionTensor(captions, m.vocabulary, 1)
	switch n := len(captions); {
	case err != nil:
		return nil, nil, err
	case features.Shape().Rank() != 2 || features.Shape().Dim(0) != n || features.Shape().Dim(1) != m.config.InputDim:
		return nil, nil, fmt.Errorf("captioning: the features are %s, want (%d, %d), captions by features", features.Shape(), n, m.config.InputDim)
	case len(captions[0]) > m.config.MaxLength:
		return nil, nil, fmt.Errorf("captioning: captions of %d words are longer than the model's maximum length %d", len(captions[0]), m.config.MaxLength)
	}
	inputs := []any{features, ids}
	if stream != nil {
		seeds := make([]uint32, m.masks())
		stream.DropoutSeeds(seeds)
		inputs = append(inputs, seeds)
	}
	out, err := nn.Compute(backend, m.params, inputs, func(p nn.Values, in []*Node) []*Node {
		var drop nn.Dropout
		if stream != nil {
			drop = nn.SeededDropout(dropRate, in[2])
		}
		scores, weights := m.ScoresGraph(p, in[0], in[1], drop)
		out := []*Node{ConvertDType(scores, dtypes.Float64)}
		for _, w := range weights {
			out = append(out, ConvertDType(w, dtypes.Float64))
		}
		return out
	})
	if err != nil {
		return nil, nil, fmt.Errorf("captioning: cannot compute the scores: %w", err)
	}
	return out[0], out[1:], nil
}

// rescore samples greedily with dropout on, as the original notebook does. For every word it scores all words so far again,
// with new masks from the stream; nil turns dropout off. Each length of the sequence compiles its own program.
func (m *Transformer) rescore(backend compute.Backend, features []float32, o SampleOptions) ([][]int32, error) {
	n, err := o.images(features, m.config.InputDim)
	if err != nil {
		return nil, err
	}
	captions, read := make([][]int32, n), slices.Repeat([][]int32{{int32(m.start)}}, n)
	for t := range o.Length {
		scores, err := m.Scores(backend, tensors.FromFlatDataAndDimensions(features, n, m.config.InputDim), read, o.Stream)
		if err != nil {
			return nil, err
		}
		for i := range read {
			of := scores[(i*(t+1)+t)*m.vocabulary : (i*(t+1)+t+1)*m.vocabulary]
			word := int32(floats.MaxIdx(of))
			captions[i], read[i] = append(captions[i], word), append(slices.Clip(read[i]), word)
		}
		if o.Progress != nil {
			o.Progress(n*(t+1)/o.Length, n) // as if images were finished one after the other
		}
	}
	return captions, nil
}
