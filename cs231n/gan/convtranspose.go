package gan

import (
	"slices"

	"github.com/gomlx/compute/shapes"
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

// Forward multiplies all pixels with all 16 kernel elements in one matrix product and adds up shifted
// parts of the result: XLA's own convolution with input dilation is several times slower on CPU, and
// GoMLX cannot differentiate it. The way back cuts the output's gradient into the same 16 parts.
func (c *convTranspose2d) Forward(p []*Node, x *Node) (*Node, Backward) {
	weight, bias := p[0], p[1]
	d := x.Shape().Dimensions
	n, h, w, in := d[0], d[1], d[2], d[3]
	out := weight.Shape().Dimensions[1]
	pixels := Reshape(x, n*h*w, in)
	kernel := Reshape(TransposeAllAxes(weight, 0, 2, 3, 1), in, 16*out)
	products := Reshape(dot(pixels, kernel), n, h, w, 16, out)

	// The output in four parts: even and odd rows by even and odd columns, (N, H, W, out) each.
	var parts []*Node
	for parity := range 4 {
		var sum *Node
		for _, t := range taps() {
			if 2*t.row.parity+t.col.parity != parity {
				continue
			}
			all := AxisRange()
			part := Reshape(Slice(products, all, all, all, AxisElem(t.element()), all), n, h, w, out)
			part = shift(part, t.row.shift, t.col.shift)
			if sum == nil {
				sum = part
			} else {
				sum = Add(sum, part)
			}
		}
		parts = append(parts, sum)
	}
	y := Add(interleave(parts), ExpandAxes(bias, 0, 1, 2))
	return y, func(dy *Node) (*Node, []*Node) {
		parts := deinterleave(dy)
		var dProducts []*Node
		for _, t := range taps() {
			dProducts = append(dProducts, shift(parts[2*t.row.parity+t.col.parity], -t.row.shift, -t.col.shift))
		}
		dProduct := Reshape(Concatenate(dProducts, 3), n*h*w, 16*out)
		dWeight := TransposeAllAxes(Reshape(tDot(pixels, dProduct), in, 4, 4, out), 0, 3, 1, 2)
		return Reshape(dotT(dProduct, kernel), d...), []*Node{dWeight, ReduceSum(dy, 0, 1, 2)}
	}
}

// tap1d says where kernel element k of one axis writes: input pixel h to output pixel 2h + k − 1, which
// is number h + shift of its parity.
type tap1d struct{ parity, shift int }

func tapOf(k int) tap1d {
	to := k - 1 // for h = 0
	parity := to & 1
	return tap1d{parity, (to - parity) / 2}
}

// tap is an element of the 4×4 kernel.
type tap struct {
	kRow, kCol int
	row, col   tap1d
}

func (t tap) element() int { return 4*t.kRow + t.kCol }

// taps lists the kernel's elements in their order.
func taps() []tap {
	var all []tap
	for kRow := range 4 {
		for kCol := range 4 {
			all = append(all, tap{kRow, kCol, tapOf(kRow), tapOf(kCol)})
		}
	}
	return all
}

// interleave puts four images together: even rows and columns from the first, then even rows and odd
// columns, odd and even, odd and odd.
//
// Shapes: 4 × (N, H, W, C) -> (N, 2H, 2W, C).
func interleave(parts []*Node) *Node {
	d := parts[0].Shape().Dimensions
	even, odd := Stack(parts[:2], 3), Stack(parts[2:], 3) // (N, H, W, 2, C)
	return Reshape(Stack([]*Node{even, odd}, 2), d[0], 2*d[1], 2*d[2], d[3])
}

// deinterleave is the inverse of interleave.
func deinterleave(x *Node) []*Node {
	d := x.Shape().Dimensions
	x = Reshape(x, d[0], d[1]/2, 2, d[2]/2, 2, d[3])
	var parts []*Node
	for parity := range 4 {
		all := AxisRange()
		part := Slice(x, all, all, AxisElem(parity/2), all, AxisElem(parity%2), all)
		parts = append(parts, Reshape(part, d[0], d[1]/2, d[2]/2, d[3]))
	}
	return parts
}

// shift moves images by a pixel at most in each direction and fills with zeros:
// y[i, j] = x[i − rows, j − cols].
func shift(x *Node, rows, cols int) *Node {
	for axis, by := range map[int]int{1: rows, 2: cols} {
		if by == 0 {
			continue
		}
		dims := slices.Clone(x.Shape().Dimensions)
		kept := SliceAxis(x, axis, AxisRange(max(0, -by), dims[axis]-max(0, by)))
		dims[axis] = 1
		// Zeros are concatenated, since GoMLX has no gradient for Pad.
		zeros := Zeros(x.Graph(), shapes.Make(x.DType(), dims...))
		if by > 0 {
			x = Concatenate([]*Node{zeros, kept}, axis)
		} else {
			x = Concatenate([]*Node{kept, zeros}, axis)
		}
	}
	return x
}
