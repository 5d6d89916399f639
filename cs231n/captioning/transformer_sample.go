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

// maxChoices is the largest number of beams and the largest top K. The compiled program searches the vocabulary once for
// each.
const maxChoices = 100

// Sample generates captions in one compiled loop. It caches the keys and values of earlier words instead of computing them
// again for every word.
//
// A temperature draws each word as the highest of score/temperature − log(−log u), with a uniform u for each word of the
// vocabulary. This is known as the Gumbel trick.
//
// Shapes: features: (N, D) flat -> (N, Length) word ids, with <NULL> after <END> in a beam search.
func (m *Transformer) Sample(backend compute.Backend, features []float32, o SampleOptions) ([][]int32, error) {
	o.Length = cmp.Or(o.Length, m.config.MaxLength)
	if err := m.validate(o); err != nil {
		return nil, fmt.Errorf("captioning: %w", err)
	}
	switch {
	case o.Beams > 0:
		return sample(backend, m.params, features, m.config.InputDim, o.Progress, nil, func(p nn.Values, features *Node, _ []*Node) *Node {
			return m.beamGraph(p, features, o.Length, o.Beams)
		})
	case o.Dropout:
		return m.rescore(backend, features, o)
	case o.Temperature == 0:
		return m.generate(backend, features, o, nil, func(scores, _, _ *Node) *Node { return ArgMax(scores, -1, dtypes.Int32) })
	}
	return m.generate(backend, features, o, o.Stream, func(scores, uniform, t *Node) *Node {
		if o.TopK > 0 {
			kept, _ := topK(scores, o.TopK)
			least := SliceAxis(kept, 1, AxisRange(o.TopK-1))
			scores = Where(GreaterOrEqual(scores, BroadcastToShape(least, scores.Shape())), scores, lowest(scores))
		}
		gumbel := Neg(Log(Neg(Log(loop.At(uniform, 1, t)))))
		return ArgMax(Add(Div(scores, number(scores, o.Temperature)), ConvertDType(gumbel, scores.DType())), -1, dtypes.Int32)
	})
}

// validate returns an error for options that the model cannot use.
func (m *Transformer) validate(o SampleOptions) error {
	limit := min(m.vocabulary, maxChoices)
	random := o.Temperature != 0 || o.TopK != 0
	switch {
	case m.start < 0:
		return fmt.Errorf("the vocabulary has no %s to begin a caption with", coco.Start)
	case o.Length < 0 || o.Length > m.config.MaxLength:
		return fmt.Errorf("captions of %d words do not fit the model, which was made for 1 to %d", o.Length, m.config.MaxLength)
	case o.Beams != 0 && (random || o.Dropout) || random && o.Dropout:
		return errors.New("beams, a temperature and dropout exclude each other")
	case o.Beams < 0 || o.Beams > limit:
		return fmt.Errorf("a beam search needs 1 to %d beams, not %d", limit, o.Beams)
	case o.Beams > 0 && m.end < 0:
		return fmt.Errorf("the vocabulary has no %s, where beam search ends a caption", coco.End)
	case random && (!(o.Temperature > 0) || math.IsInf(o.Temperature, 0)):
		return fmt.Errorf("the temperature must be above 0 and finite, not %g; without one the most probable word is taken", o.Temperature)
	case o.TopK < 0 || o.TopK > limit:
		return fmt.Errorf("top K can be 1 to %d words, not %d; 0 means all", limit, o.TopK)
	case (random || o.Dropout) && o.Stream == nil:
		return errors.New("a temperature and dropout need a Stream")
	}
	return nil
}

// generate builds and runs the loop over the words. choose picks the next words by their scores, (N, V), at position t. With
// a stream it gets uniform numbers as well, (N, Length, V).
func (m *Transformer) generate(backend compute.Backend, features []float32, o SampleOptions, stream *rng.Torch, choose func(scores, uniform, t *Node) *Node) ([][]int32, error) {
	extra := func(n int) []any {
		if stream == nil {
			return nil
		}
		u := make([]float32, n*o.Length*m.vocabulary)
		stream.Uniform(u, 0, 1)
		return []any{tensors.FromFlatDataAndDimensions(u, n, o.Length, m.vocabulary)}
	}
	return sample(backend, m.params, features, m.config.InputDim, o.Progress, extra, func(p nn.Values, features *Node, extra []*Node) *Node {
		memory := p.Apply(m.visual, ConvertDType(features, p[m.embedding].DType()))
		n := memory.Shape().Dim(0)
		start := BroadcastToDims(Const(memory.Graph(), int32(m.start)), n)
		recalled := m.decoder.Recall(p, memory)
		state := append([]*Node{start, loop.Zero(start, n, o.Length)}, m.decoder.NewCache(memory, o.Length)...)
		fixed := m.fixed(p, recalled, extra)
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

// fixed lists the values that every iteration of a loop over words needs: the positional encodings, the parameters, the
// output of [transformer.Decoder.Recall], and extra ones. next splits them.
func (m *Transformer) fixed(p nn.Values, recalled, extra []*Node) []*Node {
	params := p.Of(m.params)
	table := ConvertDType(m.table(params[0].Graph()), params[0].DType())
	return slices.Concat([]*Node{table}, params, recalled, extra)
}

// next reads a word at position t and scores the words that may follow.
//
// Shapes: word: (N) -> scores: (N, V).
func (m *Transformer) next(word *Node, fixed, cache []*Node, t *Node) (scores *Node, newCache []*Node) {
	split := 1 + len(m.params)
	table, recalled := fixed[0], fixed[split:split+m.config.Layers]
	p := nn.Bind(m.params, fixed[1:split])
	x, _ := temporal.EmbeddingForward(word, p[m.embedding])
	x = Add(x, BroadcastToShape(ExpandAxes(loop.At(table, 0, t), 0), x.Shape()))
	y, newCache := m.decoder.Next(p, x, recalled, cache, t)
	return p.Apply(m.output, y), newCache
}

// topK returns the k highest values of each row and their columns. Of equal values the first comes first.
//
// Shapes: x: (N, M) -> values: (N, k), indices: (N, k) int32.
func topK(x *Node, k int) (values, indices *Node) {
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

// beamGraph builds a beam search. It continues the most probable captions so far, the beams, with every word of the
// vocabulary and keeps the best continuations. The probability of a caption is the product of those of its words up to
// <END>.
//
// The beams of an image are consecutive rows of one batch. The state is the last word of each, all its words, its
// log-probability, and the cache.
//
// Shapes: features: (N, D) -> (N, length).
func (m *Transformer) beamGraph(p nn.Values, features *Node, length, beams int) *Node {
	g, n := features.Graph(), features.Shape().Dim(0)
	rows := n * beams
	memory := p.Apply(m.visual, ConvertDType(features, p[m.embedding].DType()))
	memory = Reshape(BroadcastToDims(ExpandAxes(memory, 1), n, beams, memory.Shape().Dim(1)), rows, -1)
	start := BroadcastToDims(Const(g, int32(m.start)), rows)

	// All beams start the same. All but the first are ruled out, or they would all take the best word.
	column := Iota(g, shapes.Make(dtypes.Int32, n, beams), 1)
	first := Equal(column, BroadcastToShape(Const(g, int32(0)), column.Shape()))
	zero := loop.Zero(memory, n, beams)
	logProb := Where(first, zero, lowest(zero))

	state := append([]*Node{start, loop.Zero(start, rows, length), logProb}, m.decoder.NewCache(memory, length)...)
	out := loop.For(length, m.fixed(p, m.decoder.Recall(p, memory), nil), state, func(t *Node, fixed, state []*Node) []*Node {
		scores, cache := m.next(state[0], fixed, state[3:], t)
		logits := m.ended(state[0], LogSoftmax(scores, -1))
		word, parent, logProb := m.continuations(logits, state[2])
		next := []*Node{word, loop.Put(Gather(state[1], parent), 1, t, word), logProb}
		for _, c := range cache {
			next = append(next, Gather(c, parent))
		}
		return next
	})
	// topK sorts, so the first beam of an image is the best.
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
	return Where(ended, Where(is(id, m.null), none, lowest(logits)), logits)
}

// continuations picks the most probable continuations of all beams of an image: the words, and the rows that they continue.
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
