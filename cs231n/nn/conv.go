package nn

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/cs231n-go/assignment3/cs231n/rng"
)

type conv2d struct {
	affineParams
	stride, padding int
}

// ConvOption is an option of [Conv2d].
type ConvOption func(*conv2d)

// Stride sets the distance of neighboring windows in pixels, by default 1.
func Stride(s int) ConvOption { return func(c *conv2d) { c.stride = s } }

// Padding surrounds each image with p rows and columns of zeros, by default none.
func Padding(p int) ConvOption { return func(c *conv2d) { c.padding = p } }

// Conv2d is a convolution with a kernel×kernel window and PyTorch's initialization. With stride s and padding p the output
// has (H + 2p − kernel)/s + 1 rows, and as many columns for W. Two kinds are fast on CPU and supported, others panic:
//
//   - an odd kernel size with stride 1
//   - an even kernel size with stride 2, on images of even height and width
//
// Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html.
//
// Shapes: W: (out, in, kernel, kernel), b: (out), x: (N, H, W, in) -> (N, rows, columns, out).
func Conv2d(in, out, kernel int, stream *rng.Torch, options ...ConvOption) Layer {
	c := conv2d{stride: 1}
	for _, option := range options {
		option(&c)
	}
	odd := kernel%2 == 1 && c.stride == 1
	even := kernel%2 == 0 && c.stride == 2
	if kernel < 1 || !odd && !even || c.padding < 0 || c.padding >= kernel {
		panic(fmt.Errorf("nn: Conv2d with a %d×%d kernel, stride %d and padding %d is not supported; use an odd kernel with stride 1 or "+
			"an even kernel with stride 2, and a padding from 0 to the kernel size − 1", kernel, kernel, c.stride, c.padding))
	}
	c.affineParams = defaultInit(stream, in*kernel*kernel, out, out, in, kernel, kernel)
	return c
}

// Forward leaves the gradients to GoMLX where they are right and fast: GoMLX's gradient of Convolve is wrong for even
// kernels.
func (c conv2d) Forward(p Values, x *Node) (*Node, Backward) {
	weight, bias := p[c.weight], p[c.bias]
	w := weight.Shape().Dimensions
	if d := x.Shape().Dimensions; len(d) != 4 || d[3] != w[1] || min(d[1], d[2])+2*c.padding < w[2] || d[1]%c.stride+d[2]%c.stride > 0 {
		panic(fmt.Errorf("nn: Conv2d with a %d×%d kernel, stride %d and padding %d of %s: want images (N, H, W, %d) with H and W "+
			"divisible by the stride, and with their padding not smaller than the kernel", w[2], w[2], c.stride, c.padding, x.Shape(), w[1]))
	}
	kernel := TransposeAllAxes(weight, 2, 3, 1, 0) // (out, in, h, w) -> (h, w, in, out)
	y := Convolve(x, kernel).Strides(c.stride).PaddingPerDim(c.edges()).Done()
	y = Add(y, ExpandAxes(bias, 0, 1, 2))
	if c.stride == 1 {
		return y, autodiff(y, x, weight, bias)
	}
	return y, func(dy *Node) (*Node, []*Node) {
		dKernel := TransposeAllAxes(c.kernelGradient(x, dy), 3, 2, 0, 1)
		return c.inputGradient(x, kernel, dy), []*Node{dKernel, ReduceSum(dy, 0, 1, 2)}
	}
}

// edges are the rows and columns of padding before and after an image.
func (c conv2d) edges() [][2]int {
	edge := [2]int{c.padding, c.padding}
	return [][2]int{edge, edge}
}

// kernelGradient is the gradient of a convolution with respect to its kernel. It is a convolution too: dy is the kernel,
// spread out by the stride, and the batch takes the place of the input channels.
//
// Shapes: x: (N, H, W, in), dy: (N, h, w, out) -> (kernel, kernel, in, out).
func (c conv2d) kernelGradient(x, dy *Node) *Node {
	const n, channels = 0, 3
	pixels := []int{1, 2}
	d := Convolve(x, dy).PaddingPerDim(c.edges()).Dilations(c.stride).AxesConfig(ConvolveAxesConfig{
		InputBatch: channels, InputChannels: n, InputSpatial: pixels,
		KernelInputChannels: n, KernelOutputChannels: channels, KernelSpatial: pixels,
		OutputBatch: n, OutputChannels: channels, OutputSpatial: pixels,
	}).Done()
	return TransposeAllAxes(d, 1, 2, 0, 3)
}

// inputGradient is the gradient of a convolution of stride 2 with respect to x. It adds dy times the kernel to the window of
// each output pixel, as [ConvTranspose2d] does, and crops the padding.
func (c conv2d) inputGradient(x, kernel, dy *Node) *Node {
	d, of := x.Shape().Dimensions, dy.Shape().Dimensions
	win := windows{n: d[0], h: of[1], w: of[2], side: kernel.Shape().Dim(0) / 2, channels: d[3]}
	rows := Reshape(dy, win.n*win.h*win.w, -1)
	patches := win.col2im(win.timesT(rows, win.order(kernel)))
	inside := func(size int) SliceAxisSpec { return AxisRange(c.padding, c.padding+size) }
	return Slice(patches, AxisRange(), inside(d[1]), inside(d[2]))
}

// autodiff is the backward pass that GoMLX derives from y = f(x, params).
func autodiff(y, x *Node, params ...*Node) Backward {
	return func(dy *Node) (*Node, []*Node) {
		d := Gradient(ReduceAllSum(Mul(y, StopGradient(dy))), append([]*Node{x}, params...)...)
		return d[0], d[1:]
	}
}

type maxPool2d struct{ stateless }

// MaxPool2d is max pooling with a 2×2 window and stride 2.
//
// If several values of a window tie, the gradient goes to the first in row-major order, as in PyTorch. Ties are frequent:
// MNIST's background is black.
// Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html.
//
// Shapes: (N, H, W, C) -> (N, H/2, W/2, C), H and W even.
func MaxPool2d() Layer { return maxPool2d{} }

func (maxPool2d) Forward(_ Values, x *Node) (*Node, Backward) {
	d := x.Shape().Dimensions
	if len(d) != 4 || d[1]%2 != 0 || d[2]%2 != 0 {
		panic(fmt.Errorf("nn: MaxPool2d needs images of even height and width, got %s", x.Shape()))
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

type convTranspose2d struct{ affineParams }

// ConvTranspose2d is the transposed convolution with an even kernel size k, stride 2, padding k/2 − 1 and PyTorch's
// initialization. It doubles height and width. Every input pixel adds its value times the kernel to a k×k patch of the
// output. The patches of neighboring pixels are two pixels apart, so those of a 2×2 kernel do not overlap. It panics if k is
// odd or less than 2.
// Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html.
//
// Shapes: W: (in, out, k, k), b: (out), x: (N, H, W, in) -> (N, 2H, 2W, out).
func ConvTranspose2d(in, out, kernel int, stream *rng.Torch) Layer {
	if kernel < 2 || kernel%2 != 0 {
		panic(fmt.Errorf("nn: ConvTranspose2d with a %d×%d kernel is not supported; use an even size", kernel, kernel))
	}
	return convTranspose2d{defaultInit(stream, out*kernel*kernel, out, in, out, kernel, kernel)}
}

// Forward computes all patches as one matrix product, adds them up with col2im and crops the padding. XLA's convolution
// with input dilation is several times slower on CPU, and GoMLX cannot differentiate it.
func (c convTranspose2d) Forward(p Values, x *Node) (*Node, Backward) {
	weight, bias := p[c.weight], p[c.bias]
	d := x.Shape().Dimensions
	n, h, w, in := d[0], d[1], d[2], d[3]
	size := weight.Shape().Dimensions[2]
	padding := size/2 - 1
	win := windows{n: n, h: h, w: w, side: size / 2, channels: weight.Shape().Dimensions[1]}
	pixels := Reshape(x, n*h*w, in)
	hwio := TransposeAllAxes(weight, 2, 3, 1, 0) // of the convolution that this one transposes
	kernel := win.order(hwio)

	patches := win.col2im(win.timesT(pixels, kernel))
	y := Slice(patches, AxisRange(), AxisRange(padding, padding+2*h), AxisRange(padding, padding+2*w))
	y = Add(y, ExpandAxes(bias, 0, 1, 2))
	return y, func(dy *Node) (*Node, []*Node) {
		var dx, dKernel *Node
		if win.transposed() {
			edge := PadAxis{Start: padding, End: padding}
			dPatches := win.im2col(Pad(dy, ScalarZero(dy.Graph(), dy.DType()), PadAxis{}, edge, edge))
			dKernel = win.unorder(win.weightGradient(dPatches, pixels))
			dx = Reshape(win.times(dPatches, kernel), d...)
		} else {
			conv := conv2d{stride: 2, padding: padding}
			dKernel = conv.kernelGradient(dy, x)
			dx = Convolve(dy, hwio).Strides(conv.stride).PaddingPerDim(conv.edges()).Done()
		}
		return dx, []*Node{TransposeAllAxes(dKernel, 3, 2, 0, 1), ReduceSum(dy, 0, 1, 2)}
	}
}
