//go:build plain

package captioning

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/cs231n-go/assignment3/cs231n/nn"
)

// generate builds greedy sampling, one step after the other.
//
// Shapes: word: (N) int32, state: as m.cell.start returns it -> (N, length) int32.
func (m *RNN) generate(p nn.Values, word *Node, state []*Node, length int) *Node {
	words := make([]*Node, length)
	for t := range words {
		word, state = m.next(p, word, state)
		words[t] = word
	}
	return Stack(words, 1)
}
