//go:build plain

package captioning

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/cs231n-go/assignment3/cs231n/nn"
)

// LossUnrolled is the loss of [RNN.LossGraph]. GoMLX can differentiate it.
func (m *RNN) LossUnrolled(p nn.Values, features, captions *Node) (loss *Node) {
	loss, _ = m.LossGraph(p, features, captions)
	return loss
}
