//go:build !plain

package captioning

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/cs231n-go/assignment3/cs231n/loop"
	"github.com/cs231n-go/assignment3/cs231n/nn"
)

// generate builds greedy sampling as one loop over the words.
//
// Shapes: word: (N) int32, state: as m.cell.start returns it -> (N, length) int32.
func (m *RNN) generate(p nn.Values, word *Node, state []*Node, length int) *Node {
	state = append([]*Node{word, loop.Zero(word, word.Shape().Dim(0), length)}, state...)
	return loop.For(length, p.Of(m.Params()), state, func(t *Node, params, state []*Node) []*Node {
		word, hidden := m.next(nn.Bind(m.Params(), params), state[0], state[2:])
		return append([]*Node{word, loop.Put(state[1], 1, t, word)}, hidden...)
	})[1]
}
