package gan

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// convTranspose2d doubles height and width.
type convTranspose2d struct{ weight, bias *Param }

// ConvTranspose2d is the transposed convolution with a 4×4 kernel, stride 2 and padding 1, which
// doubles height and width: every input pixel adds its value times the kernel to a 4×4 patch of the
// output, two pixels further on for the next input pixel. PyTorch's default start.
//
// Shapes: W: (in, out, 4, 4), b: (out), x: (N, H, W, in) -> (N, 2H, 2W, out).
func ConvTranspose2d(in, out int, stream *rng.Torch) Layer {
	weight, bias := defaultInit(stream, out*16, out, []int{in, out, 4, 4})
	return &convTranspose2d{weight, bias}
}

func (c *convTranspose2d) Params() []*Param { return []*Param{c.weight, c.bias} }

// Forward is the way back of a convolution with stride 2, and its own way back is that convolution: the
// patches are windows of the output, which one matrix product computes and which are then pasted where
// they belong. The output's padding is the edge that is cut off.
//
// XLA's own convolution with input dilation is several times slower on CPU, and GoMLX cannot
// differentiate it.
func (c *convTranspose2d) Forward(p []*Node, x *Node) (*Node, Backward) {
	const size = 4
	weight, bias := p[0], p[1]
	d := x.Shape().Dimensions
	n, h, w, in := d[0], d[1], d[2], d[3]
	win := windows{n: n, h: h, w: w, side: size / 2, channels: weight.Shape().Dimensions[1]}
	pixels := Reshape(x, n*h*w, in)
	kernel := win.order(TransposeAllAxes(weight, 2, 3, 1, 0))

	patches := win.paste(win.back(pixels, kernel))
	y := Slice(patches, AxisRange(), AxisRange(1, 1+2*h), AxisRange(1, 1+2*w))
	y = Add(y, ExpandAxes(bias, 0, 1, 2))
	return y, func(dy *Node) (*Node, []*Node) {
		edge := PadAxis{Start: 1, End: 1}
		dPatches := win.cut(Pad(dy, ScalarZero(dy.Graph(), dy.DType()), PadAxis{}, edge, edge))
		dKernel := win.unorder(win.weightGradient(dPatches, pixels))
		dx := Reshape(win.times(dPatches, kernel), d...)
		return dx, []*Node{TransposeAllAxes(dKernel, 3, 2, 0, 1), ReduceSum(dy, 0, 1, 2)}
	}
}
