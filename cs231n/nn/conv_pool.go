package nn

import . "github.com/gomlx/gomlx/core/graph"

// convPool fuses a convolution with an odd kernel size k, a ReLU or LeakyReLU and a 2×2 max pool. The separate layers are
// slower on CPU: the pool discards three quarters of the convolution's output, and so three quarters of its gradient are zero.
//
// In the backward pass the gradient of the input is a matrix product. A row of the left matrix holds the gradients of the four
// values of a pool in four groups of columns. The right matrix holds the kernel at its four positions in the pool's window,
// k+1 pixels high and wide, padded with zeros. The product has the gradients of all windows:
//
//	(N·h·w, 4·out) · (4·out, (k+1)²·in) -> (N·h·w, (k+1)²·in)
//
// With one input channel the convolution and the gradient of its weights are products with the same matrices. With more
// channels XLA's convolution is faster, since it does not multiply the zeros and does not store the windows.
type convPool struct {
	conv2d
	rectifier rectifier
}

// fuse replaces each sequence of a Conv2d without options, a ReLU or LeakyReLU and a MaxPool2d by a convPool. A convPool applies the
// activation after the pool, so the slope must not be negative: only a nondecreasing function commutes with a maximum.
func fuse(layers []Layer) []Layer {
	var fused []Layer
	for len(layers) > 0 {
		if len(layers) >= 3 {
			conv, isConv := layers[0].(conv2d)
			r, isRectifier := layers[1].(rectifier)
			if _, isPool := layers[2].(maxPool2d); isConv && conv.stride == 1 && conv.padding == 0 && isRectifier && r.slope >= 0 && isPool {
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
	kernel := win.order(spread(weight))
	var windows, four *Node
	if win.transposed() {
		windows = win.im2col(x)
		four = win.times(windows, kernel)
	} else {
		y := Convolve(x, TransposeAllAxes(weight, 2, 3, 1, 0)).PaddingPerDim(c.edges()).Done()
		four = Reshape(spaceToDepth(y), -1, 4*out)
	}
	group, largest := firstMax(four, out)
	// The bias is the same for all values of a pool, so it is added after the pool too.
	preActivation := Add(largest, ExpandAxes(bias, 0))
	y := Reshape(c.rectifier.scale(preActivation, preActivation), win.n, win.h, win.w, out)
	return y, func(dy *Node) (*Node, []*Node) {
		dLargest := c.rectifier.scale(preActivation, Reshape(dy, -1, out))
		dFour := unpool(group, dLargest)
		var dWeight *Node
		if windows != nil {
			dWeight = gather(win.unorder(win.weightGradient(windows, dFour)))
		} else {
			dWeight = TransposeAllAxes(c.kernelGradient(x, depthToSpace(Reshape(dFour, win.n, win.h, win.w, 4*out))), 3, 2, 0, 1)
		}
		return win.col2im(win.timesT(dFour, kernel)), []*Node{dWeight, SumRows(dLargest)}
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
