package captioning

import (
	"cmp"
	"fmt"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/temporal"
)

// SampleOptions holds the settings for generating captions. The zero value is greedy decoding. Length, Batch and
// Progress are for all models, the others for a [Transformer].
type SampleOptions struct {
	Length      int        // words per caption; 0 means 30 for an [RNN], the maximum length for a [Transformer]
	Beams       int        // beam width of a beam search; 0 means none, 1 is greedy
	Temperature float64    // if above 0, words are sampled; below 1 favors probable words, above 1 flattens the distribution
	TopK        int        // if above 0, words are sampled only from the K most probable ones
	Dropout     bool       // leaves dropout on, as the original notebook does by mistake
	Stream      *rng.Torch // random numbers for Temperature and Dropout

	Batch    int                   // images in one call of the compiled program; 0 means 256
	Progress func(done, total int) // if not nil, called after every batch with the number of images that are done
}

// Sampler generates captions for images. [RNN] and [Transformer] implement it.
type Sampler interface {
	// Sample generates captions for images from their features.
	//
	// Shapes: features: (N, D) flat -> (N, Length) word ids.
	Sample(backend compute.Backend, features []float32, o SampleOptions) ([][]int32, error)
}

// MaxLength is the default Length of [RNN.Sample].
const MaxLength = 30

// sampleBatch is the default number of images in one call of the compiled program.
const sampleBatch = 256

// Sample generates captions greedily, starting from <START>. The word with the highest score is the next input. Like the
// original it does not stop at <END>; [coco.Vocab.Decode] drops the words after it.
//
// Shapes: features: (N, D) flat -> (N, Length) word ids.
func (m *RNN) Sample(backend compute.Backend, features []float32, o SampleOptions) ([][]int32, error) {
	length := cmp.Or(o.Length, MaxLength)
	switch {
	case o.Beams != 0 || o.Temperature != 0 || o.TopK != 0 || o.Dropout:
		return nil, fmt.Errorf("captioning: an RNN of kind %s samples greedily; beams, temperature, top K and dropout are for a Transformer", m.kind)
	case m.start < 0:
		return nil, fmt.Errorf("captioning: the vocabulary has no start token %s", coco.Start)
	case length < 0:
		return nil, fmt.Errorf("captioning: captions cannot have %d words", length)
	}
	o.Length = length
	return m.sample(backend, m.Params(), features, m.inputDim(), o, nil, func(p nn.Values, features *Node, _ []*Node) *Node {
		h0, _ := temporal.AffineForward(ConvertDType(features, p[m.WProj].DType()), p[m.WProj], p[m.BProj])
		start := BroadcastToDims(Const(features.Graph(), int32(m.start)), features.Shape().Dim(0))
		return m.generate(p, start, m.cell.start(h0), length)
	})
}

// sampling keeps the programs of a model that generate captions.
type sampling struct{ programs nn.Programs[programKey] }

// programKey holds everything on which the graph of a program depends, apart from the model, the backend and the number of images.
type programKey struct {
	length, beams, topK int
	temperature         float64
}

// sample runs a graph that generates captions, in batches of one size. If extra is not nil, it returns further inputs for n
// images.
//
// Shapes: features: (N, dim) flat; graph: features: (n, dim) -> (n, length) int32.
func (s *sampling) sample(backend compute.Backend, params []*nn.Param, features []float32, dim int, o SampleOptions, extra func(n int) []any, graph func(p nn.Values, features *Node, extra []*Node) *Node) ([][]int32, error) {
	if _, err := o.images(features, dim); err != nil {
		return nil, err
	}
	inputs := nn.WithValues([]any{nil}, params)
	exec, err := s.programs.Get(backend, programKey{o.Length, o.Beams, o.TopK, o.Temperature}, func(inputs []*Node) []*Node {
		return []*Node{graph(nn.Bind(params, inputs[1:1+len(params)]), inputs[0], inputs[1+len(params):])}
	})
	if err != nil {
		return nil, fmt.Errorf("captioning: %w", err)
	}
	return o.inBatches(features, dim, func(batch *tensors.Tensor) (*tensors.Tensor, error) {
		all := append([]any{batch}, inputs[1:]...)
		if extra != nil {
			all = append(all, extra(batch.Shape().Dim(0))...)
		}
		return exec.Call1(all...)
	})
}

// inBatches generates captions in batches of one size.
//
// Shapes: features: (N, dim) flat; generate: features: (n, dim) -> (n, length) int32.
func (o SampleOptions) inBatches(features []float32, dim int, generate func(features *tensors.Tensor) (*tensors.Tensor, error)) ([][]int32, error) {
	n, err := o.images(features, dim)
	if err != nil {
		return nil, err
	}
	var captions [][]int32
	batch := min(n, cmp.Or(o.Batch, sampleBatch))
	for first := 0; first < n; first += batch {
		// The last batch is padded; the captions of the padding are dropped.
		rows := make([]float32, batch*dim)
		count := copy(rows, features[first*dim:]) / dim
		generated, err := generate(tensors.FromFlatDataAndDimensions(rows, batch, dim))
		if err != nil {
			return nil, fmt.Errorf("captioning: cannot generate captions: %w", err)
		}
		captions = append(captions, generated.Value().([][]int32)[:count]...)
		if o.Progress != nil {
			o.Progress(len(captions), n)
		}
	}
	return captions, nil
}

// images returns the number of images in features, which has dim values for each. It also checks the size of a batch.
func (o SampleOptions) images(features []float32, dim int) (int, error) {
	switch {
	case len(features) == 0 || len(features)%dim != 0:
		return 0, fmt.Errorf("captioning: want one or more images of %d feature values, got %d values", dim, len(features))
	case o.Batch < 0:
		return 0, fmt.Errorf("captioning: a batch cannot have %d images; choose 0 for the default", o.Batch)
	}
	return len(features) / dim, nil
}
