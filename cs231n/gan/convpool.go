package gan

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// convPool is a convolution with an odd kernel, a LeakyReLU and a 2×2 max pool in one. The three layers
// one after the other are correct but slow on CPU: XLA's way back through a convolution runs at a tenth
// of the speed of its matrix products, and most values that it computes fall to the pool anyway.
//
// Here a matrix product does the work. One row is a pooled pixel's window: the kernel+1 rows and columns
// of the input that the four convolutions under its pool see. Multiplied by the kernel in its four
// positions in that window, zeros around it, it gives all four at once, in four groups of columns:
//
//	(N·h·w, (k+1)²·in) · ((k+1)²·in, 4·out) -> (N·h·w, 4·out)
//
// and the pool is the largest of four numbers that lie side by side.
type convPool struct {
	*conv2d
	relu leakyReLU
}

// fuse replaces every Conv2d, LeakyReLU and MaxPool2d in a row by their convPool.
func fuse(layers []Layer) []Layer {
	var fused []Layer
	for len(layers) > 0 {
		if len(layers) >= 3 {
			conv, isConv := layers[0].(*conv2d)
			relu, isReLU := layers[1].(leakyReLU)
			if _, isPool := layers[2].(maxPool2d); isConv && isReLU && isPool {
				fused = append(fused, convPool{conv, relu})
				layers = layers[3:]
				continue
			}
		}
		fused = append(fused, layers[0])
		layers = layers[1:]
	}
	return fused
}

func (c convPool) Forward(p []*Node, x *Node) (*Node, Backward) {
	weight, bias := p[0], p[1]
	win := windowsOf(x, weight.Shape().Dimensions[2]+1)
	out := weight.Shape().Dimensions[0]
	windows, kernel := win.cut(x), win.order(spread(weight))
	group, largest := firstMax(win.times(windows, kernel), out)
	// One bias for the whole pool and a rising activation: they may follow the pool.
	preReLU := Add(largest, ExpandAxes(bias, 0))
	y := Reshape(c.relu.pick(preReLU, preReLU), win.n, win.h, win.w, out)
	return y, func(dy *Node) (*Node, []*Node) {
		dLargest := c.relu.pick(preReLU, Reshape(dy, -1, out))
		dFour := unpool(group, dLargest)
		dKernel := win.unorder(win.weightGradient(windows, dFour))
		return win.paste(win.back(dFour, kernel)), []*Node{gather(dKernel), sumRows(dLargest)}
	}
}

// firstMax returns the largest of the four column groups of x, and which group it comes from: the first
// one where several are equal, as in PyTorch.
//
// Shapes: x: (M, 4·out) -> both (M, out).
func firstMax(x *Node, out int) (group, largest *Node) {
	g := x.Graph()
	column := func(i int) *Node { return Slice(x, AxisRange(), AxisRange(i*out, (i+1)*out)) }
	number := func(i int) *Node { return FillScalar(g, column(0).Shape(), float64(i)) }
	upper, lower := Max(column(0), column(1)), Max(column(2), column(3))
	inUpper := Where(GreaterOrEqual(column(0), column(1)), number(0), number(1))
	inLower := Where(GreaterOrEqual(column(2), column(3)), number(2), number(3))
	return Where(GreaterOrEqual(upper, lower), inUpper, inLower), Max(upper, lower)
}

// unpool is firstMax's way back: the gradient goes to the group that was chosen, the others get zero.
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

// spread puts the kernel into its four positions in the window, zeros around it.
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

// gather is spread's way back: it adds up the gradients of the four positions.
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
