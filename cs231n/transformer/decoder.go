package transformer

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// DecoderLayer is one post-norm layer of the decoder:
//
//	x = norm1(x + dropout(selfAttention(x)))
//	x = norm2(x + dropout(attention(x, memory)))
//	x = norm3(x + dropout(linear2(dropout(relu(linear1(x))))))
type DecoderLayer struct {
	SelfAttn, MultiheadAttn MultiHeadAttention
	Linear1, Linear2        Linear // (F, E) and (E, F)
	Norm1, Norm2, Norm3     LayerNorm
}

// Forward computes the layer. The mask says which places of the sequence each place may look at.
//
// Shapes: x: (N, S, E), memory: (N, T, E), mask: (S, S) bool or nil -> (N, S, E), weights of the self-attention:
// (N, H, S, S).
func (l DecoderLayer) Forward(x, memory, mask *Node, drop Dropout) (y, weights *Node) {
	attended, weights := l.SelfAttn.Forward(x, x, x, mask, drop)
	x = l.Norm1.Forward(Add(x, drop.apply(attended)))
	attended, _ = l.MultiheadAttn.Forward(x, memory, memory, nil, drop)
	x = l.Norm2.Forward(Add(x, drop.apply(attended)))
	hidden := drop.apply(relu(l.Linear1.Forward(x)))
	return l.Norm3.Forward(Add(x, drop.apply(l.Linear2.Forward(hidden)))), weights
}

// relu is max(x, 0), with slope 0 at 0 as in PyTorch.
func relu(x *Node) *Node { return Where(GreaterThan(x, ZerosLike(x)), x, ZerosLike(x)) }

// Decoder is a stack of layers.
type Decoder []DecoderLayer

// Forward passes x through all layers; see [DecoderLayer.Forward].
//
// Shapes: x: (N, S, E), memory: (N, T, E), mask: (S, S) bool or nil -> (N, S, E), weights: one (N, H, S, S) for
// each layer.
func (d Decoder) Forward(x, memory, mask *Node, drop Dropout) (y *Node, weights []*Node) {
	for _, layer := range d {
		var w *Node
		x, w = layer.Forward(x, memory, mask, drop)
		weights = append(weights, w)
	}
	return x, weights
}

// Masks is how often a decoder with its positional encoding calls its dropout.
func Masks(layers int) int { return 1 + 6*layers }
