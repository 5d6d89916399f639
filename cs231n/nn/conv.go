package nn

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/cs231n-go/assignment3/cs231n/rng"
)

type conv2d struct{ affineParams }

// Conv2d is a convolution with a kernel×kernel window, stride 1, no padding and PyTorch's initialization. The kernel size
// must be odd: GoMLX's gradient of Convolve is wrong for even ones.
// Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html.
//
// Shapes: W: (out, in, kernel, kernel), b: (out), x: (N, H, W, in) -> (N, H−kernel+1, W−kernel+1, out).
func Conv2d(in, out, kernel int, stream *rng.Torch) Layer {
	if kernel%2 == 0 {
		panic(fmt.Errorf("nn: Conv2d needs an odd kernel size, got %d", kernel))
	}
	return conv2d{defaultInit(stream, in*kernel*kernel, out, out, in, kernel, kernel)}
}

func (c conv2d) Forward(p Values, x *Node) (*Node, Backward) {
	weight, bias := p[c.weight], p[c.bias]
	kernel := TransposeAllAxes(weight, 2, 3, 1, 0) // (out, in, h, w) -> (h, w, in, out)
	y := Add(Convolve(x, kernel).NoPadding().Done(), ExpandAxes(bias, 0, 1, 2))
	return y, autodiff(y, x, weight, bias)
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

// ConvTranspose2d is the transposed convolution with a 4×4 kernel, stride 2, padding 1 and PyTorch's initialization. It
// doubles height and width. Every input pixel adds its value times the kernel to a 4×4 patch of the output. The patches
// of neighboring pixels are two pixels apart.
// Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html.
//
// Shapes: W: (in, out, 4, 4), b: (out), x: (N, H, W, in) -> (N, 2H, 2W, out).
func ConvTranspose2d(in, out int, stream *rng.Torch) Layer {
	return convTranspose2d{defaultInit(stream, out*16, out, in, out, 4, 4)}
}

// Forward computes all patches as one matrix product, adds them up with col2im and crops the padding. XLA's convolution
// with input dilation is several times slower on CPU, and GoMLX cannot differentiate it.
func (c convTranspose2d) Forward(p Values, x *Node) (*Node, Backward) {
	const size = 4
	weight, bias := p[c.weight], p[c.bias]
	d := x.Shape().Dimensions
	n, h, w, in := d[0], d[1], d[2], d[3]
	win := windows{n: n, h: h, w: w, side: size / 2, channels: weight.Shape().Dimensions[1]}
	pixels := Reshape(x, n*h*w, in)
	kernel := win.order(TransposeAllAxes(weight, 2, 3, 1, 0))

	patches := win.col2im(win.timesT(pixels, kernel))
	y := Slice(patches, AxisRange(), AxisRange(1, 1+2*h), AxisRange(1, 1+2*w))
	y = Add(y, ExpandAxes(bias, 0, 1, 2))
	return y, func(dy *Node) (*Node, []*Node) {
		edge := PadAxis{Start: 1, End: 1}
		dPatches := win.im2col(Pad(dy, ScalarZero(dy.Graph(), dy.DType()), PadAxis{}, edge, edge))
		dKernel := win.unorder(win.weightGradient(dPatches, pixels))
		dx := Reshape(win.times(dPatches, kernel), d...)
		return dx, []*Node{TransposeAllAxes(dKernel, 3, 2, 0, 1), ReduceSum(dy, 0, 1, 2)}
	}
}

// convPool fuses a convolution with an odd kernel size k, a ReLU or LeakyReLU and a 2×2 max pool. The separate layers are
// slow on CPU: XLA's backward pass of a convolution runs at a tenth of the speed of its matrix products, and the pool
// discards three quarters of the convolution's output.
//
// Here the convolution is a matrix product. A row of the left matrix is the input window of one pooled pixel, k+1 pixels
// high and wide. The right matrix holds the kernel at its four positions in that window, padded with zeros. The product
// has the four values of each pool in four groups of columns:
//
//	(N·h·w, (k+1)²·in) · ((k+1)²·in, 4·out) -> (N·h·w, 4·out)
//
// The pool is then the largest of the four groups.
type convPool struct {
	conv2d
	rectifier rectifier
}

// fuse replaces each sequence of a Conv2d, a ReLU or LeakyReLU and a MaxPool2d by a convPool. A convPool applies the
// activation after the pool, so the slope must not be negative: only a nondecreasing function commutes with a maximum.
func fuse(layers []Layer) []Layer {
	var fused []Layer
	for len(layers) > 0 {
		if len(layers) >= 3 {
			conv, isConv := layers[0].(conv2d)
			r, isRectifier := layers[1].(rectifier)
			if _, isPool := layers[2].(maxPool2d); isConv && isRectifier && r.slope >= 0 && isPool {
				fused = append(fused, convPool{conv, r})
				layers = layers[3:]
				continue
			}
		}
		fused = append(fused, layers[0])
		layers = layers[1:]
	}
	return fused
}

func (c convPool) Forward(p Values, x *Node) (*Node, Backward) {
	weight, bias := p[c.weight], p[c.bias]
	win := windowsOf(x, weight.Shape().Dimensions[2]+1)
	out := weight.Shape().Dimensions[0]
	windows, kernel := win.im2col(x), win.order(spread(weight))
	group, largest := firstMax(win.times(windows, kernel), out)
	// The bias is the same for all values of a pool, so it is added after the pool too.
	preActivation := Add(largest, ExpandAxes(bias, 0))
	y := Reshape(c.rectifier.scale(preActivation, preActivation), win.n, win.h, win.w, out)
	return y, func(dy *Node) (*Node, []*Node) {
		dLargest := c.rectifier.scale(preActivation, Reshape(dy, -1, out))
		dFour := unpool(group, dLargest)
		dKernel := win.unorder(win.weightGradient(windows, dFour))
		return win.col2im(win.timesT(dFour, kernel)), []*Node{gather(dKernel), SumRows(dLargest)}
	}
}

// firstMax returns the elementwise maximum of the four column groups of x and the index of its group. In a tie it is the
// first one, as in PyTorch.
//
// Shapes: x: (M, 4·out) -> both (M, out).
func firstMax(x *Node, out int) (group, largest *Node) {
	g := x.Graph()
	column := func(i int) *Node { return Slice(x, AxisRange(), AxisRange(i*out, (i+1)*out)) }
	index := func(i int) *Node { return FillScalar(g, column(0).Shape(), float64(i)) }
	upper, lower := Max(column(0), column(1)), Max(column(2), column(3))
	inUpper := Where(GreaterOrEqual(column(0), column(1)), index(0), index(1))
	inLower := Where(GreaterOrEqual(column(2), column(3)), index(2), index(3))
	return Where(GreaterOrEqual(upper, lower), inUpper, inLower), Max(upper, lower)
}

// unpool is the backward pass of firstMax. The gradient goes to the group of the maximum.
//
// Shapes: both (M, out) -> (M, 4·out).
func unpool(group, d *Node) *Node {
	dims := d.Shape().Dimensions
	four := d.Shape().Clone()
	four.Dimensions = []int{dims[0], 4, dims[1]}
	chosen := Equal(Iota(d.Graph(), four, 1), BroadcastToDims(ExpandAxes(group, 1), four.Dimensions...))
	spread := Where(chosen, BroadcastToDims(ExpandAxes(d, 1), four.Dimensions...), Zeros(d.Graph(), four))
	return Reshape(spread, dims[0], 4*dims[1])
}

// spread puts the kernel into its four positions in the window, with zeros around it.
//
// Shapes: (out, in, k, k) -> (k+1, k+1, in, 4·out).
func spread(weight *Node) *Node {
	zero := ScalarZero(weight.Graph(), weight.DType())
	hwio := TransposeAllAxes(weight, 2, 3, 1, 0)
	var positions []*Node
	for row := range 2 {
		for col := range 2 {
			positions = append(positions, Pad(hwio, zero, PadAxis{Start: row, End: 1 - row}, PadAxis{Start: col, End: 1 - col}))
		}
	}
	return Concatenate(positions, 3)
}

// gather is the backward pass of spread: it adds up the gradients of the four positions.
func gather(d *Node) *Node {
	k, out := d.Shape().Dimensions[0]-1, d.Shape().Dimensions[3]/4
	var positions []*Node
	for row := range 2 {
		for col := range 2 {
			i := (2*row + col) * out
			positions = append(positions, Slice(d, AxisRange(row, row+k), AxisRange(col, col+k), AxisRange(), AxisRange(i, i+out)))
		}
	}
	return TransposeAllAxes(sumOf(positions), 3, 2, 0, 1)
}

// sumOf adds up nodes of one shape.
func sumOf(nodes []*Node) *Node {
	sum := nodes[0]
	for _, n := range nodes[1:] {
		sum = Add(sum, n)
	}
	return sum
}
