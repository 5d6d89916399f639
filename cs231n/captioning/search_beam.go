package captioning

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/cs231n-go/assignment3/cs231n/loop"
)

// beams is a beam search. Each step extends the most probable captions so far, the beams, by every word of the vocabulary
// and keeps the most probable results. The probability of a caption is the product over its words up to <END>.
//
// The state has one further array, the log-probabilities, (N, n).
func (m *Transformer) beams(n int) search {
	return search{
		rows: n,
		// All beams start equal. Only the first may be extended at first, or all would get the same words.
		start: func(g *Graph, dtype dtypes.DType, images int) []*Node {
			column := Iota(g, shapes.Make(dtypes.Int32, images, n), 1)
			first := Equal(column, BroadcastToShape(Const(g, int32(0)), column.Shape()))
			zero := ConvertDType(BroadcastToShape(Const(g, 0.0), column.Shape()), dtype)
			return []*Node{Where(first, zero, minusInf(zero))}
		},
		// topK sorts, so the first beam of an image is the most probable one.
		choose: func(t, scores, _ *Node, state []*Node) (word, parent *Node, further []*Node) {
			logits := m.ended(loop.At(state[0], 1, t), LogSoftmax(scores, -1))
			word, parent, logProb := m.continuations(logits, state[1])
			return word, parent, []*Node{logProb}
		},
	}
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
