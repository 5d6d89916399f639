package gan

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
)

// windows cuts images into overlapping squares, two pixels apart, and puts them together again: the way
// from a convolution to a matrix product and back (known as im2col and col2im).
//
// A matrix of windows has one row a window, its pixels row by row with their channels. Images of one
// channel make it lie the other way round, one column a window, so that the innermost loops run along
// the images instead of along windows of a few numbers.
type windows struct {
	n, h, w  int // images, and windows down and across each
	size     int // height and width of a window
	channels int
}

// windowsOf describes the windows of size×size pixels of images (N, H, W, C).
func windowsOf(x *Node, size int) windows {
	d := x.Shape().Dimensions
	if len(d) != 4 || (d[1]-size)%2 != 0 || (d[2]-size)%2 != 0 || size%2 != 0 {
		panic(fmt.Errorf("gan: images %s cannot be cut into windows of %d×%d, 2 pixels apart", x.Shape(), size, size))
	}
	return windows{n: d[0], h: (d[1]-size)/2 + 1, w: (d[2]-size)/2 + 1, size: size, channels: d[3]}
}

// matrix is the number of windows, and of numbers in each.
func (s windows) matrix() (count, numbers int) {
	return s.n * s.h * s.w, s.size * s.size * s.channels
}

// cut makes the matrix of windows.
//
// Shapes: x: (N, H, W, C) -> (windows, numbers), or (numbers, windows) if C = 1.
func (s windows) cut(x *Node) *Node {
	count, numbers := s.matrix()
	var pixels []*Node
	for row := range s.size {
		for col := range s.size {
			rows := AxisRange(row, row+2*s.h-1).Stride(2)
			cols := AxisRange(col, col+2*s.w-1).Stride(2)
			pixels = append(pixels, Slice(x, AxisRange(), rows, cols))
		}
	}
	if s.channels == 1 {
		return Reshape(Stack(pixels, 0), numbers, count)
	}
	return Reshape(Concatenate(pixels, 3), count, numbers)
}

// paste adds up windows where they overlap, cut's way back.
//
// Shapes: as cut makes them -> (N, H, W, C).
func (s windows) paste(d *Node) *Node {
	pixel := func(row, col int) *Node {
		i := row*s.size + col
		if s.channels == 1 {
			return Reshape(Slice(d, AxisElem(i)), s.n, s.h, s.w, 1)
		}
		d := Reshape(d, s.n, s.h, s.w, s.size*s.size, s.channels)
		all := AxisRange()
		return Reshape(Slice(d, all, all, all, AxisElem(i)), s.n, s.h, s.w, s.channels)
	}
	// Pixels of even and odd rows and columns never meet: four sums, then interleaved.
	reach := s.size/2 - 1 // how many windows to either side overlap
	var parts []*Node
	for parity := range 4 {
		var sum *Node
		for row := 0; row <= reach; row++ {
			for col := 0; col <= reach; col++ {
				one := Pad(pixel(2*row+parity/2, 2*col+parity%2), ScalarZero(d.Graph(), d.DType()),
					PadAxis{}, PadAxis{Start: row, End: reach - row}, PadAxis{Start: col, End: reach - col})
				if sum == nil {
					sum = one
				} else {
					sum = Add(sum, one)
				}
			}
		}
		parts = append(parts, sum)
	}
	return interleave(parts)
}

// times multiplies every window with a matrix: (windows, numbers)·(numbers, K) -> (windows, K).
func (s windows) times(windows, k *Node) *Node {
	if s.channels == 1 {
		return tDot(windows, k)
	}
	return dot(windows, k)
}

// back is the gradient of times with respect to the windows, in the layout of cut.
func (s windows) back(dy, k *Node) *Node {
	if s.channels == 1 {
		return dotT(k, dy)
	}
	return dotT(dy, k)
}

// weightGradient is the gradient of times with respect to its matrix: (numbers, K).
func (s windows) weightGradient(windows, dy *Node) *Node {
	if s.channels == 1 {
		return dot(windows, dy)
	}
	return tDot(windows, dy)
}
