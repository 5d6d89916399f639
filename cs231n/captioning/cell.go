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
	// forward runs a sequence; back is its hand-written gradient.
	forward func(x, h0, wx, wh, b *Node) (h *Node, back func(dh *Node) (dx, dh0, dwx, dwh, db *Node))
	// unrolled is forward in the form that GoMLX can derive.
	unrolled func(x, h0, wx, wh, b *Node) (h *Node)
	// start is the state before the first word, step the state after one more; the first value of a state
	// is the hidden state.
	start func(h0 *Node) []*Node
	step  func(x *Node, state []*Node, wx, wh, b *Node) []*Node
}

func vanilla() cell {
	return cell{
		gates: 1,
		forward: func(x, h0, wx, wh, b *Node) (*Node, func(*Node) (dx, dh0, dwx, dwh, db *Node)) {
			h, cache := rnn.Forward(x, h0, wx, wh, b)
			return h, func(dh *Node) (dx, dh0, dwx, dwh, db *Node) { return rnn.Backward(dh, cache) }
		},
		unrolled: rnn.ForwardUnrolled,
		start:    func(h0 *Node) []*Node { return []*Node{h0} },
		step: func(x *Node, state []*Node, wx, wh, b *Node) []*Node {
			h, _ := rnn.StepForward(x, state[0], wx, wh, b)
			return []*Node{h}
		},
	}
}

func longShortTermMemory() cell {
	return cell{
		gates: 4,
		forward: func(x, h0, wx, wh, b *Node) (*Node, func(*Node) (dx, dh0, dwx, dwh, db *Node)) {
			h, cache := lstm.Forward(x, h0, wx, wh, b)
			return h, func(dh *Node) (dx, dh0, dwx, dwh, db *Node) { return lstm.Backward(dh, cache) }
		},
		unrolled: lstm.ForwardUnrolled,
		start:    func(h0 *Node) []*Node { return []*Node{h0, loop.Zero(h0, h0.Shape().Dimensions...)} },
		step: func(x *Node, state []*Node, wx, wh, b *Node) []*Node {
			h, c, _ := lstm.StepForward(x, state[0], state[1], wx, wh, b)
			return []*Node{h, c}
		},
	}
}
