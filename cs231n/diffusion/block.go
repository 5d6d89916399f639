package diffusion

import (
	"slices"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// groups is the number of groups of every group normalization.
const groups = 8

// Block is a residual block. The condition e scales and shifts its features, which is how the network knows the time and
// the digit (FiLM, Perez et al. 2018, https://arxiv.org/abs/1709.07871):
//
//	h = norm(first(x))      first: GroupNorm, SiLU, 3×3 convolution
//	(a, b) = modulation(e)
//	y = x + last(h·(1 + a) + b)      last: SiLU, 3×3 convolution
//
// The convolution of last starts at zero, so the block starts as the identity.
type Block struct {
	first, norm, modulation, last nn.Layer
	params                        []*nn.Param
}

// NewBlock builds a block for images with the given number of channels, a multiple of 8, and a condition of the given width.
func NewBlock(channels, width int, stream *rng.Torch) *Block {
	b := &Block{
		first:      nn.Sequential(nn.GroupNorm(groups, channels), nn.SiLU(), nn.Conv2d(channels, channels, 3, stream, nn.Padding(1))),
		modulation: nn.Linear(width, 2*channels, stream),
		norm:       nn.GroupNorm(groups, channels),
		last:       nn.Sequential(nn.SiLU(), nn.Conv2d(channels, channels, 3, stream, nn.Padding(1))),
	}
	zero(b.last.Params())
	b.params = slices.Concat(nn.Prefixed("first", b.first.Params()), nn.Prefixed("modulation", b.modulation.Params()),
		nn.Prefixed("norm", b.norm.Params()), nn.Prefixed("last", b.last.Params()))
	return b
}

// Params lists the parameters of first, modulation, norm and last.
func (b *Block) Params() []*nn.Param { return b.params }

// Call runs the block with its current parameters.
//
// Shapes: x: (N, H, W, C), e: (N, E) -> (N, H, W, C).
func (b *Block) Call(backend compute.Backend, x, e *tensors.Tensor) (*tensors.Tensor, error) {
	out, err := nn.Compute(backend, b.params, []any{x, e}, func(p nn.Values, in []*Node) []*Node {
		y, _ := b.forward(p, in[0], in[1])
		return []*Node{y}
	})
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// conditioned is the backward pass of a function of an image x and a condition e.
type conditioned func(dy *Node) (dx, de *Node, dparams []*Node)

// forward builds the block.
//
// Shapes: x: (N, H, W, C), e: (N, E) -> (N, H, W, C).
func (b *Block) forward(p nn.Values, x, e *Node) (y *Node, back conditioned) {
	h, backFirst := b.first.Forward(p, x)
	h, backNorm := b.norm.Forward(p, h)
	both, backModulation := b.modulation.Forward(p, e)
	channels := h.Shape().Dim(-1)
	gain := OnePlus(perChannel(both, 0, channels))
	y, backLast := b.last.Forward(p, Add(Mul(h, gain), perChannel(both, channels, 2*channels)))
	return Add(x, y), func(dy *Node) (dx, de *Node, dparams []*Node) {
		dmodulated, dLast := backLast(dy)
		dboth := Concatenate([]*Node{ReduceSum(Mul(dmodulated, h), 1, 2), ReduceSum(dmodulated, 1, 2)}, 1)
		de, dModulation := backModulation(dboth)
		dh, dNorm := backNorm(Mul(dmodulated, gain))
		dx, dFirst := backFirst(dh)
		return Add(dx, dy), de, slices.Concat(dFirst, dModulation, dNorm, dLast)
	}
}

// perChannel takes some columns of a matrix as one number for each image and channel.
//
// Shapes: x: (N, K) -> (N, 1, 1, to−from).
func perChannel(x *Node, from, to int) *Node {
	return ExpandAxes(Slice(x, AxisRange(), AxisRange(from, to)), 1, 2)
}

// forwardAll builds one block after another.
func forwardAll(blocks []*Block, p nn.Values, x, e *Node) (y *Node, back conditioned) {
	var backs []conditioned
	for _, b := range blocks {
		var back conditioned
		x, back = b.forward(p, x, e)
		backs = append(backs, back)
	}
	return x, func(dy *Node) (dx, de *Node, dparams []*Node) {
		for _, back := range slices.Backward(backs) {
			var more *Node
			var d []*Node
			dy, more, d = back(dy)
			de, dparams = sum(de, more), append(d, dparams...)
		}
		return dy, de, dparams
	}
}

// sum adds b to a. A nil a counts as zero.
func sum(a, b *Node) *Node {
	if a == nil {
		return b
	}
	return Add(a, b)
}

// zero sets parameters to zero.
func zero(params []*nn.Param) {
	for _, p := range params {
		p.Value = tensors.FromShape(p.Shape())
	}
}
