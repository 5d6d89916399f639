package captioning

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/temporal"
)

// LossGraph builds the loss of a batch and its gradients, with hand-written backward passes:
//
//  1. h0 = features·W_proj + b_proj
//  2. x = word vectors of all words but the last
//  3. h = hidden states of the recurrent network over x, starting from h0
//  4. scores = h·W_vocab + b_vocab
//  5. loss = softmax loss of the scores, with all words but the first as targets and the padding masked
//
// Shapes: features: (N, D), captions: (N, T) integers -> loss: scalar, grads: as [RNNParams.Params].
func (m *RNN) LossGraph(p nn.Values, features, captions *Node) (loss *Node, grads []*Node) {
	// BEGIN SOLUTION rnn-loss
	in, target, mask := shift(captions, m.null)

	h0, projection := temporal.AffineForward(features, p[m.WProj], p[m.BProj])
	x, embedding := temporal.EmbeddingForward(in, p[m.WEmbed])
	h, back := m.cell.forward(x, h0, m.weights(p))
	scores, vocabulary := temporal.AffineForward(h, p[m.WVocab], p[m.BVocab])
	loss, dscores := temporal.SoftmaxLoss(scores, target, mask)

	dh, dWVocab, dBVocab := temporal.AffineBackward(dscores, vocabulary)
	dx, dh0, dw := back(dh)
	dWEmbed := temporal.EmbeddingBackward(dx, embedding)
	_, dWProj, dBProj := temporal.AffineBackward(dh0, projection)
	return loss, []*Node{dWEmbed, dWProj, dBProj, dw.Wx, dw.Wh, dw.B, dWVocab, dBVocab}
	// END SOLUTION
}
