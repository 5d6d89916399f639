package captioning

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/loop"
)

// Beam describes images by beam search: the captions that are most probable so far, beams of them, are continued
// with every word of the vocabulary, and the best of all continuations are kept. The probability of a caption
// is the product of those of its words up to <END>. One beam says what [Transformer.Sample] says, up to <END>.
//
// Shapes: features: (N, D) flat -> (N, maxLength) word ids, <NULL> after <END>.
func (m *Transformer) Beam(backend compute.Backend, features []float32, maxLength, beams int) ([][]int32, error) {
	if most := min(m.vocabulary, mostChoices); beams < 1 || beams > most {
		return nil, fmt.Errorf("captioning: a beam search needs 1 to %d beams, not %d", most, beams)
	}
	if m.end < 0 {
		return nil, fmt.Errorf("captioning: the vocabulary has no %s, where beam search ends a caption", coco.End)
	}
	maxLength, err := m.length(maxLength)
	if err != nil {
		return nil, err
	}
	return sample(backend, m.Params(), features, m.config.InputDim, nil, func(params []*Node, features *Node, _ []*Node) *Node {
		return m.beamGraph(params, features, maxLength, beams)
	})
}

// beamGraph builds the search. The beams of an image are rows of one batch that stand together; the state is the last
// word of each, all its words, its log-probability, and the cache.
//
// Shapes: features: (N, D) -> (N, length).
func (m *Transformer) beamGraph(params []*Node, features *Node, length, beams int) *Node {
	p := m.assemble(params)
	g, n := features.Graph(), features.Shape().Dim(0)
	rows := n * beams
	memory := p.visual.Forward(ConvertDType(features, p.embedding.DType()))
	memory = Reshape(BroadcastToDims(ExpandAxes(memory, 1), n, beams, memory.Shape().Dim(1)), rows, -1)
	start := BroadcastToDims(Const(g, int32(m.start)), rows)

	// In the beginning all beams are the same: all but the first are ruled out, or the best word would win them all.
	column := Iota(g, shapes.Make(dtypes.Int32, n, beams), 1)
	first := Equal(column, BroadcastToShape(Const(g, int32(0)), column.Shape()))
	zero := loop.Zero(memory, n, beams)
	logProb := Where(first, zero, lowest(zero))

	state := append([]*Node{start, loop.Zero(start, rows, length), logProb}, p.decoder.NewCache(memory, length)...)
	out := loop.For(length, m.fixed(params, p.decoder.Recall(memory), nil), state, func(t *Node, fixed, state []*Node) []*Node {
		word, said, logProb, cache := state[0], state[1], state[2], state[3:]
		scores, cache := m.next(word, fixed, cache, t)
		// A caption that has ended goes on with <NULL> at no cost.
		logits := LogSoftmax(scores, -1)
		id := Iota(word.Graph(), shapes.Make(dtypes.Int32, logits.Shape().Dimensions...), 1)
		is := func(x *Node, id int) *Node { return Equal(x, BroadcastToShape(Const(x.Graph(), int32(id)), x.Shape())) }
		ended := BroadcastToShape(ExpandAxes(Or(is(word, m.end), is(word, m.null)), 1), id.Shape())
		none := loop.Zero(logits, logits.Shape().Dimensions...)
		logits = Where(ended, Where(is(id, m.null), none, lowest(logits)), logits)

		total := Add(Reshape(logits, n, beams, -1), BroadcastToDims(ExpandAxes(logProb, 2), n, beams, m.vocabulary))
		logProb, at := best(Reshape(total, n, beams*m.vocabulary), beams)
		vocabulary := BroadcastToShape(Const(at.Graph(), int32(m.vocabulary)), at.Shape())
		image := Iota(at.Graph(), at.Shape(), 0)
		parent := Add(Div(at, vocabulary), Mul(image, BroadcastToShape(Const(at.Graph(), int32(beams)), at.Shape())))
		parent = Reshape(parent, rows, 1)
		word = Reshape(Mod(at, vocabulary), rows)
		next := []*Node{word, loop.Put(Gather(said, parent), 1, t, word), logProb}
		for _, c := range cache {
			next = append(next, Gather(c, parent))
		}
		return next
	})
	// best sorts, so the first beam of an image is the best.
	return Reshape(SliceAxis(Reshape(out[1], n, beams, length), 1, AxisElem(0)), n, length)
}
