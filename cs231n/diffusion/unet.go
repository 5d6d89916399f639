package diffusion

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

const (
	Side   = 28          // height and width of an image
	Pixels = Side * Side // pixels of an image
	// NoLabel is the label of an image whose digit the network is not told. The digits are 0 to 9.
	NoLabel = 10

	labels   = NoLabel + 1
	timeSize = 64 // width of the encoding of the time
)

// UNet is a small U-Net that knows the time and the digit. With C channels:
//
//	28×28×1   stem: 4×4 convolution, stride 2             14×14×C
//	          block                                       14×14×C, kept for later
//	          shrink: 2×2 convolution, stride 2           7×7×2C
//	          two blocks                                  7×7×2C
//	          grow: 2×2 transposed convolution            14×14×C
//	          add the kept features, block                14×14×C
//	          head: GroupNorm, SiLU, 4×4 transposed       28×28×1
//	          convolution
//
// The condition of all blocks is a vector of 4C numbers, e = SiLU(MLP(sinusoids of the time) + embedding of the label).
//
// Sources: Ronneberger et al. 2015, https://arxiv.org/abs/1505.04597, for the shape; Ho et al. 2020,
// https://arxiv.org/abs/2006.11239, and Dhariwal and Nichol 2021, https://arxiv.org/abs/2105.05233, for the blocks.
type UNet struct {
	Channels int // C, a multiple of 8

	time, label, stem, shrink, grow, head nn.Layer
	high, low, up                         []*Block
	params                                []*nn.Param
}

// DefaultChannels is the number of channels of the notebook's network, which has 278,849 parameters.
const DefaultChannels = 32

// NewUNet builds the network with PyTorch's initial values, drawn from stream in the order of Params. The convolutions at
// the end of each block and of the network start at zero. A nil stream leaves everything at zero, to be set later. It panics
// if channels is not a positive multiple of 8.
func NewUNet(channels int, stream *rng.Torch) *UNet {
	if channels < 1 || channels%groups != 0 {
		panic(fmt.Errorf("diffusion: a U-Net of %d channels; choose a multiple of %d", channels, groups))
	}
	c, e := channels, 4*channels
	u := &UNet{Channels: c}
	u.time = nn.Sequential(nn.Linear(timeSize, e, stream), nn.SiLU(), nn.Linear(e, e, stream))
	u.label = nn.Embedding(labels, e, stream)
	u.stem = nn.Conv2d(1, c, 4, stream, nn.Stride(2), nn.Padding(1))
	u.high = []*Block{NewBlock(c, e, stream)}
	u.shrink = nn.Conv2d(c, 2*c, 2, stream, nn.Stride(2))
	u.low = []*Block{NewBlock(2*c, e, stream), NewBlock(2*c, e, stream)}
	u.grow = nn.ConvTranspose2d(2*c, c, 2, stream)
	u.up = []*Block{NewBlock(c, e, stream)}
	last := nn.ConvTranspose2d(c, 1, 4, stream)
	zero(last.Params()[:1])
	u.head = nn.Sequential(nn.GroupNorm(groups, c), nn.SiLU(), last)
	u.collect()
	return u
}

// collect names the parameters after their modules and lists them.
func (u *UNet) collect() {
	add := func(name string, params []*nn.Param) { u.params = append(u.params, nn.Prefixed(name, params)...) }
	blocks := func(name string, blocks []*Block) {
		for i, b := range blocks {
			add(fmt.Sprintf("%s%d", name, i), b.params)
		}
	}
	add("time", u.time.Params())
	add("label", u.label.Params())
	add("stem", u.stem.Params())
	blocks("high", u.high)
	add("shrink", u.shrink.Params())
	blocks("low", u.low)
	add("grow", u.grow.Params())
	blocks("up", u.up)
	add("head", u.head.Params())
}

// Params lists the parameters in the order in which they are drawn.
func (u *UNet) Params() []*nn.Param { return u.params }

// Forward builds the network's output and its backward pass, which returns no gradient for the input.
//
// Shapes: x: (N, 784), time: (N), from 0 to 1000, label: (N) int32, 0 to 9 or NoLabel -> (N, 784).
func (u *UNet) Forward(p nn.Values, x, time, label *Node) (y *Node, back func(dy *Node) (dparams []*Node)) {
	e, backE := u.condition(p, time, label)
	h, backStem := u.stem.Forward(p, Reshape(x, -1, Side, Side, 1))
	kept, backHigh := forwardAll(u.high, p, h, e)
	h, backShrink := u.shrink.Forward(p, kept)
	h, backLow := forwardAll(u.low, p, h, e)
	h, backGrow := u.grow.Forward(p, h)
	h, backUp := forwardAll(u.up, p, Add(h, kept), e)
	y, backHead := u.head.Forward(p, h)
	return Reshape(y, -1, Pixels), func(dy *Node) []*Node {
		dh, dHead := backHead(Reshape(dy, -1, Side, Side, 1))
		dkept, deUp, dUp := backUp(dh)
		dh, dGrow := backGrow(dkept)
		dh, deLow, dLow := backLow(dh)
		dh, dShrink := backShrink(dh)
		dh, deHigh, dHigh := backHigh(Add(dh, dkept))
		_, dStem := backStem(dh)
		dE := backE(Add(Add(deUp, deLow), deHigh))
		return slices.Concat(dE, dStem, dHigh, dShrink, dLow, dGrow, dUp, dHead)
	}
}

// condition builds the vector that tells every block the time and the label.
//
// Shapes: time, label: (N) -> (N, 4C).
func (u *UNet) condition(p nn.Values, time, label *Node) (e *Node, back func(de *Node) (dparams []*Node)) {
	position, backTime := u.time.Forward(p, nn.Sinusoids(time, timeSize))
	digit, backLabel := u.label.Forward(p, label)
	e, backSiLU := nn.SiLU().Forward(p, Add(position, digit))
	return e, func(de *Node) []*Node {
		de, _ = backSiLU(de)
		_, dTime := backTime(de)
		_, dLabel := backLabel(de)
		return append(dTime, dLabel...)
	}
}

// Call runs the network with its current parameters.
//
// Shapes: x: (N, 784), time: (N) float32, label: (N) int32 -> (N, 784).
func (u *UNet) Call(backend compute.Backend, x, time, label *tensors.Tensor) (*tensors.Tensor, error) {
	if label.DType() != dtypes.Int32 {
		return nil, fmt.Errorf("diffusion: the labels are %s, want int32", label.DType())
	}
	out, err := nn.Compute(backend, u.params, []any{x, time, label}, func(p nn.Values, in []*Node) []*Node {
		y, _ := u.Forward(p, in[0], in[1], in[2])
		return []*Node{y}
	})
	if err != nil {
		return nil, err
	}
	return out[0], nil
}
