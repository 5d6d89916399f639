package captioning

import (
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
	"github.com/cs231n-go/assignment3/cs231n/loop"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/temporal"
)

// mostChoices is the largest number of beams, and of words that [Transformer.Random] chooses from: the compiled
// program looks through the vocabulary once for each.
const mostChoices = 100

// Sample describes images greedily, as [RNN.Sample] does: the word with the highest score is said and read next.
// Keys and values of earlier words are kept, so a word costs the same wherever it stands, but for the
// attention itself; all of it is one compiled loop. Dropout is off. maxLength 0 means the model's own.
//
// Shapes: features: (N, D) flat -> (N, maxLength) word ids.
func (m *Transformer) Sample(backend compute.Backend, features []float32, maxLength int) ([][]int32, error) {
	return m.describe(backend, features, maxLength, nil, func(scores, _, _ *Node) *Node {
		return ArgMax(scores, -1, dtypes.Int32)
	})
}

// Random draws each word with the probability that the model gives it. A temperature below 1 favours probable
// words and one above 1 levels them out; topK, if above 0, leaves all but the topK most probable words out.
// The stream decides which words are drawn.
//
// A word is drawn as the highest of score/temperature − log(−log u) with a uniform u for each word, which is
// known as the Gumbel trick.
func (m *Transformer) Random(backend compute.Backend, features []float32, maxLength int, temperature float64, topK int, stream *rng.Torch) ([][]int32, error) {
	switch {
	case !(temperature > 0) || math.IsInf(temperature, 0):
		return nil, fmt.Errorf("captioning: the temperature must be above 0, not %g; Sample always says the most probable word", temperature)
	case topK < 0 || topK > min(m.vocabulary, mostChoices):
		return nil, fmt.Errorf("captioning: the choice can be among 1 to %d most probable words, not %d; 0 means all", min(m.vocabulary, mostChoices), topK)
	case stream == nil:
		return nil, errors.New("captioning: random captions need a stream")
	}
	return m.describe(backend, features, maxLength, stream, func(scores, uniform, t *Node) *Node {
		if topK > 0 {
			kept, _ := best(scores, topK)
			least := SliceAxis(kept, 1, AxisRange(topK-1))
			scores = Where(GreaterOrEqual(scores, BroadcastToShape(least, scores.Shape())), scores, lowest(scores))
		}
		gumbel := Neg(Log(Neg(Log(loop.At(uniform, 1, t)))))
		return ArgMax(Add(Div(scores, number(scores, temperature)), ConvertDType(gumbel, scores.DType())), -1, dtypes.Int32)
	})
}

// describe builds and runs the loop that says one word after the other. choose picks the words by their scores,
// (N, V), at place t; where there is a stream it is given uniform numbers as well, (N, maxLength, V).
func (m *Transformer) describe(backend compute.Backend, features []float32, maxLength int, stream *rng.Torch, choose func(scores, uniform, t *Node) *Node) ([][]int32, error) {
	maxLength, err := m.length(maxLength)
	if err != nil {
		return nil, err
	}
	extra := func(n int) []any {
		if stream == nil {
			return nil
		}
		u := make([]float32, n*maxLength*m.vocabulary)
		stream.Uniform(u, 0, 1)
		return []any{tensors.FromFlatDataAndDimensions(u, n, maxLength, m.vocabulary)}
	}
	return sample(backend, m.Params(), features, m.config.InputDim, extra, func(params []*Node, features *Node, extra []*Node) *Node {
		p := m.assemble(params)
		memory := p.visual.Forward(ConvertDType(features, p.embedding.DType()))
		n := memory.Shape().Dim(0)
		start := BroadcastToDims(Const(memory.Graph(), int32(m.start)), n)
		recalled := p.decoder.Recall(memory)
		state := append([]*Node{start, loop.Zero(start, n, maxLength)}, p.decoder.NewCache(memory, maxLength)...)
		fixed := m.fixed(params, recalled, extra)
		return loop.For(maxLength, fixed, state, func(t *Node, fixed, state []*Node) []*Node {
			word, said, cache := state[0], state[1], state[2:]
			scores, cache := m.next(word, fixed, cache, t)
			var uniform *Node
			if stream != nil {
				uniform = fixed[len(fixed)-1]
			}
			word = choose(scores, uniform, t)
			return append([]*Node{word, loop.Put(said, 1, t, word)}, cache...)
		})[1]
	})
}

// fixed are the values that all rounds of a loop over words need: the table of places, the parameters and what
// the layers recall of the image, for next to take apart, and then extra ones.
func (m *Transformer) fixed(params, recalled, extra []*Node) []*Node {
	table := ConvertDType(m.table(params[0].Graph()), params[0].DType())
	return slices.Concat([]*Node{table}, params, recalled, extra)
}

// next reads a word at place t and scores the words that may follow.
//
// Shapes: word: (N) -> scores: (N, V).
func (m *Transformer) next(word *Node, fixed, cache []*Node, t *Node) (scores *Node, newCache []*Node) {
	split := 1 + len(m.names())
	table, params, recalled := fixed[0], fixed[1:split], fixed[split:split+m.config.Layers]
	p := m.assemble(params)
	x, _ := temporal.EmbeddingForward(word, p.embedding)
	x = Add(x, BroadcastToShape(ExpandAxes(loop.At(table, 0, t), 0), x.Shape()))
	y, newCache := p.decoder.Next(x, recalled, cache, t)
	return p.output.Forward(y), newCache
}

// length is the number of words to say.
func (m *Transformer) length(maxLength int) (int, error) {
	if maxLength == 0 {
		maxLength = m.config.MaxLength
	}
	switch {
	case m.start < 0:
		return 0, fmt.Errorf("captioning: the vocabulary has no %s to begin a caption with", coco.Start)
	case maxLength < 0 || maxLength > m.config.MaxLength:
		return 0, fmt.Errorf("captioning: captions of %d words do not fit the model, which was made for 1 to %d", maxLength, m.config.MaxLength)
	}
	return maxLength, nil
}

// best returns the k highest of each row and where they are, the first of equals first.
//
// Shapes: x: (N, M) -> values: (N, k), indices: (N, k) int32.
func best(x *Node, k int) (values, indices *Node) {
	var v, i []*Node
	column := Iota(x.Graph(), shapes.Make(dtypes.Int32, x.Shape().Dimensions...), 1)
	for range k {
		at := ExpandAxes(ArgMax(x, -1, dtypes.Int32), 1)
		v, i = append(v, ReduceAndKeep(x, ReduceMax, -1)), append(i, at)
		x = Where(Equal(column, BroadcastToShape(at, column.Shape())), lowest(x), x)
	}
	return Concatenate(v, 1), Concatenate(i, 1)
}

// number is a constant of x's type that a loop's body may use.
func number(x *Node, value float64) *Node {
	return ConvertDType(Const(x.Graph(), value), x.DType())
}

// lowest is minus infinity in the shape of x.
func lowest(x *Node) *Node { return BroadcastToShape(number(x, math.Inf(-1)), x.Shape()) }
