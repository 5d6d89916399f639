package nn

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
)

// windows implements im2col and col2im for square windows with stride 2, which turn a convolution into a matrix product.
//
// Each block of 2×2 pixels becomes one position with 4·C channels ("space to depth"). A window of size×size pixels covers
// size/2 × size/2 blocks. The values of a window are in the order (block row, block column, row in block, column in block,
// channel).
//
// A matrix of windows has one row per window. For images of one channel it is transposed, which makes the innermost loops
// longer and therefore faster. Only these have im2col, times and weightGradient: with more channels XLA's convolution is
// faster.
type windows struct {
	n, h, w  int // number of images, windows per column and per row of an image
	side     int // height and width of a window in blocks
	channels int
}

// windowsOf describes the windows of size×size pixels of images (N, H, W, C).
func windowsOf(x *Node, size int) windows {
	d := x.Shape().Dimensions
	if len(d) != 4 || d[1]%2 != 0 || d[2]%2 != 0 || size%2 != 0 {
		panic(fmt.Errorf("nn: images %s cannot be split into windows of %d×%d with stride 2: want (N, H, W, C) with even H and W", x.Shape(), size, size))
	}
	side := size / 2
	return windows{n: d[0], h: d[1]/2 - side + 1, w: d[2]/2 - side + 1, side: side, channels: d[3]}
}

// transposed reports whether a matrix of windows has one column per window.
func (s windows) transposed() bool { return s.channels == 1 }

// im2col returns the matrix of windows.
//
// Shapes: x: (N, H, W, 1) -> (values, windows).
func (s windows) im2col(x *Node) *Node {
	d := x.Shape().Dimensions
	blocks := Reshape(x, d[0], d[1]/2, 2, d[2]/2, 2)
	blocks = Reshape(TransposeAllAxes(blocks, 2, 4, 0, 1, 3), 4, s.n, d[1]/2, d[2]/2)
	all := AxisRange()
	var positions []*Node
	s.eachPosition(func(row, col int) {
		positions = append(positions, Slice(blocks, all, all, AxisRange(row, row+s.h), AxisRange(col, col+s.w)))
	})
	return Reshape(Concatenate(positions, 0), -1, s.n*s.h*s.w)
}

// col2im is the backward pass of im2col. It adds up windows where they overlap.
//
// Shapes: d: (windows, values), or (values, windows) if C = 1 -> (N, H, W, C).
func (s windows) col2im(d *Node) *Node {
	height, width := s.h+s.side-1, s.w+s.side-1 // in blocks
	zero := ScalarZero(d.Graph(), d.DType())
	all := AxisRange()
	var positions []*Node
	if s.transposed() {
		d = Reshape(d, s.side*s.side, 4, s.n, s.h, s.w)
		s.eachPosition(func(row, col int) {
			position := Reshape(Slice(d, AxisElem(row*s.side+col)), 4, s.n, s.h, s.w)
			positions = append(positions, Pad(position, zero, PadAxis{}, PadAxis{}, PadAxis{Start: row, End: s.side - 1 - row}, PadAxis{Start: col, End: s.side - 1 - col}))
		})
		blocks := Reshape(sumOf(positions), 2, 2, 1, s.n, height, width)
		return Reshape(TransposeAllAxes(blocks, 3, 4, 0, 5, 1, 2), s.n, 2*height, 2*width, 1)
	}
	channels := 4 * s.channels
	d = Reshape(d, s.n, s.h, s.w, s.side*s.side*channels)
	s.eachPosition(func(row, col int) {
		i := (row*s.side + col) * channels
		position := Slice(d, all, all, all, AxisRange(i, i+channels))
		positions = append(positions, Pad(position, zero, PadAxis{}, PadAxis{Start: row, End: s.side - 1 - row}, PadAxis{Start: col, End: s.side - 1 - col}))
	})
	return depthToSpace(sumOf(positions))
}

// spaceToDepth makes each block of 2×2 pixels one position. depthToSpace is its inverse.
//
// Shapes: (N, 2h, 2w, C) -> (N, h, w, 4·C).
func spaceToDepth(x *Node) *Node {
	d := x.Shape().Dimensions
	blocks := Reshape(x, d[0], d[1]/2, 2, d[2]/2, 2, d[3])
	return Reshape(TransposeAllAxes(blocks, 0, 1, 3, 2, 4, 5), d[0], d[1]/2, d[2]/2, 4*d[3])
}

func depthToSpace(x *Node) *Node {
	d := x.Shape().Dimensions
	blocks := Reshape(x, d[0], d[1], d[2], 2, 2, d[3]/4)
	return Reshape(TransposeAllAxes(blocks, 0, 1, 3, 2, 4, 5), d[0], 2*d[1], 2*d[2], d[3]/4)
}

// eachPosition visits the blocks of a window in row-major order.
func (s windows) eachPosition(visit func(row, col int)) {
	for row := range s.side {
		for col := range s.side {
			visit(row, col)
		}
	}
}

// order rearranges a kernel in the order of a window's values. unorder is its inverse.
//
// Shapes: (size, size, C, K) -> (values, K).
func (s windows) order(kernel *Node) *Node {
	d := kernel.Shape().Dimensions
	kernel = Reshape(kernel, s.side, 2, s.side, 2, s.channels, d[3])
	return Reshape(TransposeAllAxes(kernel, 0, 2, 1, 3, 4, 5), -1, d[3])
}

func (s windows) unorder(k *Node) *Node {
	columns := k.Shape().Dimensions[1]
	k = TransposeAllAxes(Reshape(k, s.side, s.side, 2, 2, s.channels, columns), 0, 2, 1, 3, 4, 5)
	return Reshape(k, 2*s.side, 2*s.side, s.channels, columns)
}

// times multiplies every window by a matrix: (values, windows), (values, K) -> (windows, K).
func (s windows) times(windows, k *Node) *Node { return TProduct(windows, k) }

// timesT is the gradient of times with respect to the windows, in the layout that col2im takes.
func (s windows) timesT(dy, k *Node) *Node {
	if s.transposed() {
		return ProductT(k, dy)
	}
	return ProductT(dy, k)
}

// weightGradient is the gradient of times with respect to k: (values, K).
func (s windows) weightGradient(windows, dy *Node) *Node { return Product(windows, dy) }
