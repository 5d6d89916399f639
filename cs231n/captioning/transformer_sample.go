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
	"github.com/cs231n-go/assignment3/cs231n/loop"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/temporal"
)

// maxChoices is the maximum of Beams and TopK. The compiled program searches the vocabulary once for each.
const maxChoices = 100

// Sample generates captions in one compiled loop, which caches the keys and values of earlier words.
//
// With a temperature, each word is the argmax of score/temperature − log(−log u), with a uniform u for each word of the
// vocabulary (the Gumbel-max trick).
//
// Shapes: features: (N, D) flat -> (N, Length) word ids, with <NULL> after <END> in a beam search.
func (m *Transformer) Sample(backend compute.Backend, features []float32, o SampleOptions) ([][]int32, error) {
	o.Length = cmp.Or(o.Length, m.config.MaxLength)
	if err := m.validate(o); err != nil {
		return nil, fmt.Errorf("captioning: %w", err)
	}
	switch {
	case o.Beams > 0:
		return sample(backend, m.params, features, m.config.InputDim, o, nil, func(p nn.Values, features *Node, _ []*Node) *Node {
			return m.beamGraph(p, features, o.Length, o.Beams)
		})
	case o.Dropout:
		return m.rescore(backend, features, o)
	case o.Temperature == 0:
		return m.generate(backend, features, o, nil, func(scores, _, _ *Node) *Node { return ArgMax(scores, -1, dtypes.Int32) })
	}
	return m.generate(backend, features, o, o.Stream, func(scores, uniform, t *Node) *Node {
		if o.TopK > 0 {
			top, _ := topK(scores, o.TopK)
			least := SliceAxis(top, 1, AxisRange(o.TopK-1))
			scores = Where(GreaterOrEqual(scores, BroadcastToShape(least, scores.Shape())), scores, minusInf(scores))
		}
		gumbel := Neg(Log(Neg(Log(loop.At(uniform, 1, t)))))
		return ArgMax(Add(Div(scores, constant(scores, o.Temperature)), ConvertDType(gumbel, scores.DType())), -1, dtypes.Int32)
	})
}

// validate returns an error for options that the model cannot use.
func (m *Transformer) validate(o SampleOptions) error {
	limit := min(m.vocabulary, maxChoices)
	random := o.Temperature != 0 || o.TopK != 0
	switch {
	case m.start < 0:
		return fmt.Errorf("the vocabulary has no start token %s", coco.Start)
	case o.Length < 0 || o.Length > m.config.MaxLength:
		return fmt.Errorf("captions of %d words do not fit the model: its captions have 1 to %d words", o.Length, m.config.MaxLength)
	case o.Beams != 0 && (random || o.Dropout) || random && o.Dropout:
		return errors.New("beams, a temperature and dropout exclude each other")
	case o.Beams < 0 || o.Beams > limit:
		return fmt.Errorf("a beam search needs 1 to %d beams, not %d", limit, o.Beams)
	case o.Beams > 0 && m.end < 0:
		return fmt.Errorf("the vocabulary has no end token %s, which a beam search needs", coco.End)
	case random && (!(o.Temperature > 0) || math.IsInf(o.Temperature, 0)):
		return fmt.Errorf("the temperature must be above 0 and finite, not %g; leave it and top K out for greedy decoding", o.Temperature)
	case o.TopK < 0 || o.TopK > limit:
		return fmt.Errorf("top K can be 1 to %d words, not %d; 0 means all", limit, o.TopK)
	case (random || o.Dropout) && o.Stream == nil:
		return errors.New("a temperature and dropout need a Stream")
	}
	return nil
}

// generate builds and runs the loop over the words. choose returns the words at position t from their scores, (N, V). With a
// stream it gets uniform numbers as well, (N, Length, V).
func (m *Transformer) generate(backend compute.Backend, features []float32, o SampleOptions, stream *rng.Torch, choose func(scores, uniform, t *Node) *Node) ([][]int32, error) {
	extra := func(n int) []any {
		if stream == nil {
			return nil
		}
		u := make([]float32, n*o.Length*m.vocabulary)
		stream.Uniform(u, 0, 1)
		return []any{tensors.FromFlatDataAndDimensions(u, n, o.Length, m.vocabulary)}
	}
	return sample(backend, m.params, features, m.config.InputDim, o, extra, func(p nn.Values, features *Node, extra []*Node) *Node {
		memory := p.Apply(m.visual, ConvertDType(features, p[m.embedding].DType()))
		n := memory.Shape().Dim(0)
		start := BroadcastToDims(Const(memory.Graph(), int32(m.start)), n)
		cross := m.decoder.CrossAttention(p, memory)
		state := append([]*Node{start, loop.Zero(start, n, o.Length)}, m.decoder.NewCache(memory, o.Length)...)
		fixed := m.fixed(p, cross, extra)
		return loop.For(o.Length, fixed, state, func(t *Node, fixed, state []*Node) []*Node {
			word, caption, cache := state[0], state[1], state[2:]
			scores, cache := m.next(word, fixed, cache, t)
			var uniform *Node
			if stream != nil {
				uniform = fixed[len(fixed)-1]
			}
			word = choose(scores, uniform, t)
			return append([]*Node{word, loop.Put(caption, 1, t, word)}, cache...)
		})[1]
	})
}

// fixed lists the fixed values of a loop over words: the positional encodings, the parameters, the output of
// [transformer.Decoder.CrossAttention], and extra. next splits them.
func (m *Transformer) fixed(p nn.Values, cross, extra []*Node) []*Node {
	params := p.Of(m.params)
	table := ConvertDType(m.table(params[0].Graph()), params[0].DType())
	return slices.Concat([]*Node{table}, params, cross, extra)
}

// next computes the scores of the next word after a word at position t.
//
// Shapes: word: (N) -> scores: (N, V).
func (m *Transformer) next(word *Node, fixed, cache []*Node, t *Node) (scores *Node, newCache []*Node) {
	split := 1 + len(m.params)
	table, cross := fixed[0], fixed[split:split+m.config.Layers]
	p := nn.Bind(m.params, fixed[1:split])
	x, _ := temporal.EmbeddingForward(word, p[m.embedding])
	x = Add(x, BroadcastToShape(ExpandAxes(loop.At(table, 0, t), 0), x.Shape()))
	y, newCache := m.decoder.Next(p, x, cross, cache, t)
	return p.Apply(m.output, y), newCache
}

// topK returns the k highest values of each row, in descending order, and their columns. Equal values keep their order.
//
// Shapes: x: (N, M) -> values: (N, k), indices: (N, k) int32.
func topK(x *Node, k int) (values, indices *Node) {
	var v, i []*Node
	column := Iota(x.Graph(), shapes.Make(dtypes.Int32, x.Shape().Dimensions...), 1)
	for range k {
		at := ExpandAxes(ArgMax(x, -1, dtypes.Int32), 1)
		v, i = append(v, ReduceAndKeep(x, ReduceMax, -1)), append(i, at)
		x = Where(Equal(column, BroadcastToShape(at, column.Shape())), minusInf(x), x)
	}
	return Concatenate(v, 1), Concatenate(i, 1)
}

// constant returns a constant of x's type that the body of a loop may use.
func constant(x *Node, value float64) *Node {
	return ConvertDType(Const(x.Graph(), value), x.DType())
}

// minusInf returns minus infinity in the shape of x.
func minusInf(x *Node) *Node { return BroadcastToShape(constant(x, math.Inf(-1)), x.Shape()) }

// beamGraph builds a beam search. Each step extends the most probable captions so far, the beams, by every word of the
// vocabulary and keeps the most probable results. The probability of a caption is the product over its words up to <END>.
//
// The beams of an image are consecutive rows of one batch. The state of the loop is the last word of each beam, all its
// words, its log-probability, and the cache.
//
// Shapes: features: (N, D) -> (N, length).
func (m *Transformer) beamGraph(p nn.Values, features *Node, length, beams int) *Node {
	g, n := features.Graph(), features.Shape().Dim(0)
	rows := n * beams
	memory := p.Apply(m.visual, ConvertDType(features, p[m.embedding].DType()))
	memory = Reshape(BroadcastToDims(ExpandAxes(memory, 1), n, beams, memory.Shape().Dim(1)), rows, -1)
	start := BroadcastToDims(Const(g, int32(m.start)), rows)

	// All beams start equal. Only the first may be extended at first, or all would get the same words.
	column := Iota(g, shapes.Make(dtypes.Int32, n, beams), 1)
	first := Equal(column, BroadcastToShape(Const(g, int32(0)), column.Shape()))
	zero := loop.Zero(memory, n, beams)
	logProb := Where(first, zero, minusInf(zero))

	state := append([]*Node{start, loop.Zero(start, rows, length), logProb}, m.decoder.NewCache(memory, length)...)
	out := loop.For(length, m.fixed(p, m.decoder.CrossAttention(p, memory), nil), state, func(t *Node, fixed, state []*Node) []*Node {
		scores, cache := m.next(state[0], fixed, state[3:], t)
		logits := m.ended(state[0], LogSoftmax(scores, -1))
		word, parent, logProb := m.continuations(logits, state[2])
		next := []*Node{word, loop.Put(Gather(state[1], parent), 1, t, word), logProb}
		for _, c := range cache {
			next = append(next, Gather(c, parent))
		}
		return next
	})
	// topK sorts, so the first beam of an image is the most probable one.
	return Reshape(SliceAxis(Reshape(out[1], n, beams, length), 1, AxisElem(0)), n, length)
}

// ended makes <NULL> the only continuation of a caption that has ended, with log-probability 0.
//
// Shapes: word: (rows), logits: (rows, V) -> (rows, V).
func (m *Transformer) ended(word, logits *Node) *Node {
	id := Iota(word.Graph(), shapes.Make(dtypes.Int32, logits.Shape().Dimensions...), 1)
	is := func(x *Node, id int) *Node { return Equal(x, BroadcastToShape(Const(x.Graph(), int32(id)), x.Shape())) }
	ended := BroadcastToShape(ExpandAxes(Or(is(word, m.end), is(word, m.null)), 1), id.Shape())
	none := loop.Zero(logits, logits.Shape().Dimensions...)
	return Where(ended, Where(is(id, m.null), none, minusInf(logits)), logits)
}

// continuations returns the most probable continuations of the beams of each image: the words, and the rows that they extend.
//
// Shapes: logits: (N·beams, V), logProb: (N, beams) -> word: (N·beams), parent: (N·beams, 1), newLogProb: (N, beams).
func (m *Transformer) continuations(logits, logProb *Node) (word, parent, newLogProb *Node) {
	n, beams := logProb.Shape().Dim(0), logProb.Shape().Dim(1)
	total := Add(Reshape(logits, n, beams, -1), BroadcastToDims(ExpandAxes(logProb, 2), n, beams, m.vocabulary))
	newLogProb, at := topK(Reshape(total, n, beams*m.vocabulary), beams)
	vocabulary := BroadcastToShape(Const(at.Graph(), int32(m.vocabulary)), at.Shape())
	image := Iota(at.Graph(), at.Shape(), 0)
	parent = Add(Div(at, vocabulary), Mul(image, BroadcastToShape(Const(at.Graph(), int32(beams)), at.Shape())))
	return Reshape(Mod(at, vocabulary), n*beams), Reshape(parent, n*beams, 1), newLogProb
}
