package captioning

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/cs231n-go/assignment3/cs231n/loop"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// search is a way to choose the words of captions. Its state is a list of arrays. The first holds the words so far,
// (rows, L+1), with <START> at position 0. The rows of an image are consecutive.
type search struct {
	rows   int        // captions per image
	stream *rng.Torch // if not nil, draws uniform numbers for choose
	// start returns the further arrays of the state.
	start func(g *Graph, dtype dtypes.DType, images int) []*Node
	// choose returns the words at position t+1, (rows), and the further arrays of the next state. With a parent, (rows, 1),
	// row i of the next state continues the row parent[i] of the current state.
	//
	// Shapes: t: scalar int32, scores: (rows, V), uniform: (rows, L, V) or nil.
	choose func(t, scores, uniform *Node, state []*Node) (word, parent *Node, further []*Node)
}

// begin returns the state before the first word.
func (s search) begin(g *Graph, dtype dtypes.DType, images, length, start int) []*Node {
	words := BroadcastToDims(Const(g, int32(start)), images*s.rows)
	return append([]*Node{loop.Buffer(words, 1, length+1)}, s.start(g, dtype, images)...)
}

// step returns the next state, and parent as choose does.
func (s search) step(t, scores, uniform *Node, state []*Node) (next []*Node, parent *Node) {
	word, parent, further := s.choose(t, scores, uniform, state)
	words := state[0]
	if parent != nil {
		words = Gather(words, parent)
	}
	return append([]*Node{loop.Put(words, 1, loop.Next(t), word)}, further...), parent
}

// repeat repeats every row of x, the values of an image, for all its captions.
//
// Shapes: x: (N, M) -> (N·rows, M).
func (s search) repeat(x *Node) *Node {
	n, m := x.Shape().Dim(0), x.Shape().Dim(1)
	return Reshape(BroadcastToDims(ExpandAxes(x, 1), n, s.rows, m), n*s.rows, m)
}

// first returns the first caption of each image without <START>.
//
// Shapes: words: (N·rows, L+1) -> (N, L).
func (s search) first(words *Node) *Node {
	images := Reshape(words, -1, s.rows, words.Shape().Dim(1))
	return Squeeze(Slice(images, AxisRange(), AxisElem(0), AxisRange(1)), 1)
}

// uniform draws the further inputs of a program for n images: uniform numbers, (n, L, V), if the search has a stream.
func (s search) uniform(n, length, vocabulary int) []any {
	if s.stream == nil {
		return nil
	}
	u := make([]float32, n*length*vocabulary)
	s.stream.Uniform(u, 0, 1)
	return []any{tensors.FromFlatDataAndDimensions(u, n, length, vocabulary)}
}

// oneByOne chooses each word from its scores alone.
func oneByOne(word func(t, scores, uniform *Node) *Node, stream *rng.Torch) search {
	return search{
		rows: 1, stream: stream,
		start: func(*Graph, dtypes.DType, int) []*Node { return nil },
		choose: func(t, scores, uniform *Node, _ []*Node) (_, _ *Node, _ []*Node) {
			return word(t, scores, uniform), nil, nil
		},
	}
}

// greedy chooses the word with the highest score.
func greedy() search {
	return oneByOne(func(_, scores, _ *Node) *Node { return ArgMax(scores, -1, dtypes.Int32) }, nil)
}

// random draws words with a temperature; see [Transformer.Sample].
func random(o SampleOptions) search {
	return oneByOne(func(t, scores, uniform *Node) *Node {
		if o.TopK > 0 {
			top, _ := topK(scores, o.TopK)
			least := SliceAxis(top, 1, AxisRange(o.TopK-1))
			scores = Where(GreaterOrEqual(scores, BroadcastToShape(least, scores.Shape())), scores, minusInf(scores))
		}
		gumbel := Neg(Log(Neg(Log(loop.At(uniform, 1, t)))))
		return ArgMax(Add(Div(scores, constant(scores, o.Temperature)), ConvertDType(gumbel, scores.DType())), -1, dtypes.Int32)
	}, o.Stream)
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
