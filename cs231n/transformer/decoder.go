// Package transformer implements the assignment's Transformer decoder (Vaswani et al. 2017,
// https://arxiv.org/abs/1706.03762): positional encoding and post-norm decoder layers, built from package nn. GoMLX derives
// the gradients. The results agree with PyTorch's.
//
// In shapes N is the batch size, S the length of the sequence, T the length of the memory, E the width of the embedding, H
// the number of heads, F the width of the feed-forward network.
package transformer

import (
	"slices"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// DecoderLayer is one post-norm layer of the decoder:
//
//	x = norm1(x + dropout(selfAttention(x)))
//	x = norm2(x + dropout(attention(x, memory)))
//	x = norm3(x + dropout(linear2(dropout(relu(linear1(x))))))
type DecoderLayer struct {
	SelfAttn, MultiheadAttn *nn.Attention
	Linear1, Linear2        nn.Layer // (F, E) and (E, F)
	Norm1, Norm2, Norm3     nn.Layer
	params                  []*nn.Param
}

// NewDecoderLayer builds a layer with a feed-forward network of the given width. It draws the parameters as PyTorch does, in
// the order of Params. With a nil stream the weights are zero.
func NewDecoderLayer(e, heads, feedForward int, stream *rng.Torch) *DecoderLayer {
	l := &DecoderLayer{
		SelfAttn: nn.MultiHeadAttention(e, heads, stream), MultiheadAttn: nn.MultiHeadAttention(e, heads, stream),
		Linear1: nn.Linear(e, feedForward, stream), Linear2: nn.Linear(feedForward, e, stream),
		Norm1: nn.LayerNorm(e), Norm2: nn.LayerNorm(e), Norm3: nn.LayerNorm(e),
	}
	l.params = slices.Concat(
		nn.Prefixed("self_attn", l.SelfAttn.Params()), nn.Prefixed("multihead_attn", l.MultiheadAttn.Params()),
		nn.Prefixed("linear1", l.Linear1.Params()), nn.Prefixed("linear2", l.Linear2.Params()),
		nn.Prefixed("norm1", l.Norm1.Params()), nn.Prefixed("norm2", l.Norm2.Params()), nn.Prefixed("norm3", l.Norm3.Params()))
	return l
}

// Params lists the parameters in the order of PyTorch's module.
func (l *DecoderLayer) Params() []*nn.Param { return l.params }

// Forward computes the layer. A position (row) may attend to the positions (columns) where the mask is true.
//
// Shapes: x: (N, S, E), memory: (N, T, E), mask: (S, S) bool or nil -> (N, S, E), weights of the self-attention:
// (N, H, S, S).
func (l *DecoderLayer) Forward(p nn.Values, x, memory, mask *Node, drop nn.Dropout) (y, weights *Node) {
	attended, weights, _ := l.SelfAttn.Forward(p, x, x, x, mask, drop)
	x = p.Apply(l.Norm1, Add(x, drop.Apply(attended)))
	attended, _, _ = l.MultiheadAttn.Forward(p, x, memory, memory, nil, drop)
	x = p.Apply(l.Norm2, Add(x, drop.Apply(attended)))
	return p.Apply(l.Norm3, Add(x, drop.Apply(l.feedForward(p, x, drop)))), weights
}

func (l *DecoderLayer) feedForward(p nn.Values, x *Node, drop nn.Dropout) *Node {
	return p.Apply(l.Linear2, drop.Apply(p.Apply(nn.ReLU(), p.Apply(l.Linear1, x))))
}

// Decoder is a stack of layers.
type Decoder []*DecoderLayer

// Forward passes x through all layers; see [DecoderLayer.Forward].
//
// Shapes: x: (N, S, E), memory: (N, T, E), mask: (S, S) bool or nil -> (N, S, E), weights: one (N, H, S, S) per layer.
func (d Decoder) Forward(p nn.Values, x, memory, mask *Node, drop nn.Dropout) (y *Node, weights []*Node) {
	for _, layer := range d {
		var w *Node
		x, w = layer.Forward(p, x, memory, mask, drop)
		weights = append(weights, w)
	}
	return x, weights
}

// Masks returns the number of dropout masks of a positional encoding and a decoder with the given number of layers.
func Masks(layers int) int { return 1 + 6*layers }
