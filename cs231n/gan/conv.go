package gan

import (
	"fmt"

	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// conv2d is a convolution with stride 1 and no padding.
type conv2d struct{ weight, bias *Param }

// Conv2d is a convolution with a kernel×kernel window, stride 1, no padding and PyTorch's default
// start. The kernel size has to be odd: GoMLX's gradient of Convolve is wrong for even ones.
//
// Shapes: W: (out, in, kernel, kernel), b: (out), x: (N, H, W, in) -> (N, H−kernel+1, W−kernel+1, out).
func Conv2d(in, out, kernel int, stream *rng.Torch) Layer {
	if kernel%2 == 0 {
		panic(fmt.Errorf("gan: Conv2d needs an odd kernel size, got %d", kernel))
	}
	weight, bias := defaultInit(stream, in*kernel*kernel, out, []int{out, in, kernel, kernel})
	return &conv2d{weight, bias}
}

func (c *conv2d) Params() []*Param { return []*Param{c.weight, c.bias} }

func (c *conv2d) Forward(p []*Node, x *Node) *Node {
	kernel := TransposeAllAxes(p[0], 2, 3, 1, 0) // (out, in, h, w) -> (h, w, in, out)
	return Add(Convolve(x, kernel).NoPadding().Done(), ExpandAxes(p[1], 0, 1, 2))
}

type maxPool2d struct{ stateless }

// MaxPool2d keeps the largest value of every 2×2 window.
//
// Where several values of a window are equal, the gradient goes to the first in reading order, as
// PyTorch does. This matters: MNIST's black background makes most windows of the first layer ties.
//
// Shapes: (N, H, W, C) -> (N, H/2, W/2, C), H and W even.
func MaxPool2d() Layer { return maxPool2d{} }

func (maxPool2d) Forward(_ []*Node, x *Node) *Node {
	d := x.Shape().Dimensions
	if len(d) != 4 || d[1]%2 != 0 || d[2]%2 != 0 {
		panic(fmt.Errorf("gan: MaxPool2d needs images of even height and width, got %s", x.Shape()))
	}
	windows := Reshape(x, d[0], d[1]/2, 2, d[2]/2, 2, d[3])
	corner := func(row, col int) *Node {
		all := AxisRange()
		c := Slice(windows, all, all, AxisElem(row), all, AxisElem(col), all)
		return Reshape(c, d[0], d[1]/2, d[2]/2, d[3])
	}
	// GoMLX gives the whole gradient of Max to its first argument when both are equal.
	return Max(Max(corner(0, 0), corner(0, 1)), Max(corner(1, 0), corner(1, 1)))
}

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

// tap says that an output pixel of one parity receives kernel element k from the input pixel at
// distance shift: out[2i+parity] += in[i-shift]·W[k], since input pixel h writes to 2h+k-1.
type tap struct{ k, shift int }

// tapsOfParity lists both taps of even and of odd output rows (and columns).
func tapsOfParity(parity int) [2]tap {
	if parity == 0 {
		return [2]tap{{k: 1, shift: 0}, {k: 3, shift: 1}}
	}
	return [2]tap{{k: 2, shift: 0}, {k: 0, shift: -1}}
}

// Forward multiplies all pixels with all 16 kernel elements in one matrix product and adds up shifted
// copies of the result: XLA's own convolution with input dilation is several times slower on CPU, and
// GoMLX cannot differentiate it.
func (c *convTranspose2d) Forward(p []*Node, x *Node) *Node {
	d := x.Shape().Dimensions
	n, h, w, in := d[0], d[1], d[2], d[3]
	out := p[0].Shape().Dimensions[1]
	kernel := Reshape(TransposeAllAxes(p[0], 0, 2, 3, 1), in, 16*out)
	products := Reshape(Dot(Reshape(x, n*h*w, in), kernel).Product(), n, h, w, 16, out)

	quarter := func(rowParity, colParity int) *Node {
		var sum *Node
		for _, r := range tapsOfParity(rowParity) {
			for _, c := range tapsOfParity(colParity) {
				all := AxisRange()
				one := Reshape(Slice(products, all, all, all, AxisElem(4*r.k+c.k), all), n, h, w, out)
				one = shiftAxis(shiftAxis(one, 1, r.shift), 2, c.shift)
				if sum == nil {
					sum = one
				} else {
					sum = Add(sum, one)
				}
			}
		}
		return sum
	}
	rows := make([]*Node, 2)
	for parity := range rows {
		rows[parity] = Stack([]*Node{quarter(parity, 0), quarter(parity, 1)}, 3) // (n, h, w, 2, out)
	}
	y := Stack(rows, 2) // (n, h, 2, w, 2, out)
	return Add(Reshape(y, n, 2*h, 2*w, out), ExpandAxes(p[1], 0, 1, 2))
}

// shiftAxis moves x by one along an axis and fills with zeros: y[i] = x[i-shift], shift in {-1, 0, 1}.
// It concatenates zeros because GoMLX has no gradient for Pad.
func shiftAxis(x *Node, axis, shift int) *Node {
	if shift == 0 {
		return x
	}
	n := x.Shape().Dimensions[axis]
	edge := x.Shape().Clone()
	edge.Dimensions[axis] = 1
	zeros := Zeros(x.Graph(), shapes.Make(x.DType(), edge.Dimensions...))
	if shift > 0 {
		return Concatenate([]*Node{zeros, SliceAxis(x, axis, AxisRange(0, n-1))}, axis)
	}
	return Concatenate([]*Node{SliceAxis(x, axis, AxisRange(1, n)), zeros}, axis)
}
