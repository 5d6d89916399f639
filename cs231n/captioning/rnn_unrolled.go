//go:build !plain

package captioning

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/temporal"
)

// LossUnrolled is the loss of [RNN.LossGraph] in a form that GoMLX can differentiate.
func (m *RNN) LossUnrolled(p nn.Values, features, captions *Node) (loss *Node) {
	in, target, mask := shift(captions, m.null)
	h0, _ := temporal.AffineForward(features, p[m.WProj], p[m.BProj])
	x, _ := temporal.EmbeddingForward(in, p[m.WEmbed])
	scores, _ := temporal.AffineForward(m.cell.unrolled(x, h0, m.weights(p)), p[m.WVocab], p[m.BVocab])
	loss, _ = temporal.SoftmaxLoss(scores, target, mask)
	return loss
}
