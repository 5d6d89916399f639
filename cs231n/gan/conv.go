package gan

import (
	"fmt"

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

func (c *conv2d) Forward(p []*Node, x *Node) (*Node, Backward) {
	kernel := TransposeAllAxes(p[0], 2, 3, 1, 0) // (out, in, h, w) -> (h, w, in, out)
	y := Add(Convolve(x, kernel).NoPadding().Done(), ExpandAxes(p[1], 0, 1, 2))
	return y, autodiff(y, x, p...)
}

type maxPool2d struct{ stateless }

// MaxPool2d keeps the largest value of every 2×2 window.
//
// Where several values of a window are equal, the gradient goes to the first in reading order, as
// PyTorch does. This matters: MNIST's black background makes most windows of the first layer ties.
//
// Shapes: (N, H, W, C) -> (N, H/2, W/2, C), H and W even.
func MaxPool2d() Layer { return maxPool2d{} }

func (maxPool2d) Forward(_ []*Node, x *Node) (*Node, Backward) {
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
	y := Max(Max(corner(0, 0), corner(0, 1)), Max(corner(1, 0), corner(1, 1)))
	return y, autodiff(y, x)
}
