package captioning

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/temporal"
)

// next is one step of sampling. It reads a word and returns the word with the highest score, and the new state of the
// recurrent network:
//
//  1. x = word vector of the word
//  2. state = state of the recurrent network after x; its first array is the hidden state h
//  3. scores = h·W_vocab + b_vocab
//  4. next word = argmax of the scores
//
// m.cell.step is one step of the recurrent network, for an RNN as well as for an LSTM.
//
// Shapes: word: (N) int32, state: as m.cell.start returns it -> nextWord: (N) int32, nextState: as state.
func (m *RNN) next(p nn.Values, word *Node, state []*Node) (nextWord *Node, nextState []*Node) {
	// BEGIN SOLUTION rnn-sample
	x, _ := temporal.EmbeddingForward(word, p[m.WEmbed])
	state = m.cell.step(x, state, m.weights(p))
	scores, _ := temporal.AffineForward(state[0], p[m.WVocab], p[m.BVocab])
	return ArgMax(scores, -1, dtypes.Int32), state
	// END SOLUTION
}
