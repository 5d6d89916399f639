package captioning

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/cs231n-go/assignment3/cs231n/loop"
	"github.com/cs231n-go/assignment3/cs231n/lstm"
	"github.com/cs231n-go/assignment3/cs231n/rnn"
)

// cell is the recurrent part of an [RNN].
type cell struct {
	gates int // width of the weights in units of H
	// forward processes a sequence. back is its hand-written backward pass.
	forward func(x, h0 *Node, w rnn.Weights) (h *Node, back func(dh *Node) (dx, dh0 *Node, dw rnn.Weights))
	// unrolled is forward in a form that GoMLX can differentiate.
	unrolled func(x, h0 *Node, w rnn.Weights) (h *Node)
	// start returns the state before the first word, and step the state after one more word. The first node of a state is
	// the hidden state.
	start func(h0 *Node) []*Node
	step  func(x *Node, state []*Node, w rnn.Weights) []*Node
}

func rnnCell() cell {
	return cell{
		gates: 1,
		forward: func(x, h0 *Node, w rnn.Weights) (*Node, func(*Node) (dx, dh0 *Node, dw rnn.Weights)) {
			h, cache := rnn.Forward(x, h0, w)
			return h, func(dh *Node) (dx, dh0 *Node, dw rnn.Weights) { return rnn.Backward(dh, cache) }
		},
		unrolled: rnn.ForwardUnrolled,
		start:    func(h0 *Node) []*Node { return []*Node{h0} },
		step: func(x *Node, state []*Node, w rnn.Weights) []*Node {
			h, _ := rnn.StepForward(x, state[0], w)
			return []*Node{h}
		},
	}
}

func lstmCell() cell {
	return cell{
		gates: 4,
		forward: func(x, h0 *Node, w rnn.Weights) (*Node, func(*Node) (dx, dh0 *Node, dw rnn.Weights)) {
			h, cache := lstm.Forward(x, h0, lstm.Weights(w))
			return h, func(dh *Node) (dx, dh0 *Node, dw rnn.Weights) {
				dx, dh0, d := lstm.Backward(dh, cache)
				return dx, dh0, rnn.Weights(d)
			}
		},
		unrolled: func(x, h0 *Node, w rnn.Weights) *Node { return lstm.ForwardUnrolled(x, h0, lstm.Weights(w)) },
		start:    func(h0 *Node) []*Node { return []*Node{h0, loop.Zero(h0, h0.Shape().Dimensions...)} },
		step: func(x *Node, state []*Node, w rnn.Weights) []*Node {
			h, c, _ := lstm.StepForward(x, state[0], state[1], lstm.Weights(w))
			return []*Node{h, c}
		},
	}
}
