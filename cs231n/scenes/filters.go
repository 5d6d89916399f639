package scenes

import (
	"image"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

// filters is an untrained convolutional network of two layers with random weights. It takes the place of VGG-16, whose
// features come with COCO.
//
//	a = ReLU(W₁ ∗ image + b₁)   5×5, every second pixel   (C₁, 48, 48)
//	b = ReLU(W₂ ∗ max₂(a) + b₂) 3×3                       (C₂, 24, 24)
//
// For each channel of a and b, the output is the mean over each cell of a coarse grid, which keeps positions, and the
// maximum over the whole picture, which does not depend on them.
//
// Source: K. Jarrett, K. Kavukcuoglu, M. Ranzato and Y. LeCun, "What is the best
// multi-stage architecture for object recognition?", ICCV 2009, on random filters.
type filters struct {
	w1, w2 blas32.General // (C₁, 3·5·5) and (C₂, C₁·3·3)
	b1, b2 []float32
}

const (
	channels1, size1 = 32, side / 2
	channels2, size2 = 64, side / 4
	grid             = 3 // cells along each side of the picture

	// rawLength is the number of features of a picture.
	rawLength = (channels1 + channels2) * (grid*grid + 1)

	// maxWeight balances the one maximum of a channel against its nine means.
	maxWeight = 2
)

func newFilters(r *rand.Rand) *filters {
	f := &filters{
		w1: randomMatrix(r, channels1, 3*5*5), b1: make([]float32, channels1),
		w2: randomMatrix(r, channels2, channels1*3*3), b2: make([]float32, channels2),
	}
	// With biases of both signs, some filters are rarely active and others nearly always.
	for i := range f.b1 {
		f.b1[i] = float32(0.3 * r.NormFloat64())
	}
	for i := range f.b2 {
		f.b2[i] = float32(0.3 * r.NormFloat64())
	}
	return f
}

// randomMatrix draws weights with a variance of 2 over the number of inputs, which keeps the scale through a ReLU (K. He
// et al., 2015).
func randomMatrix(r *rand.Rand, rows, columns int) blas32.General {
	m := blas32.General{Rows: rows, Cols: columns, Stride: columns, Data: make([]float32, rows*columns)}
	for i := range m.Data {
		m.Data[i] = float32(r.NormFloat64() * math.Sqrt(2/float64(columns)))
	}
	return m
}

// buffers is the memory that apply needs. It can be reused for one picture after another.
type buffers struct {
	pixels           []float32
	columns1, layer1 blas32.General
	pooled           []float32
	columns2, layer2 blas32.General
}

func newBuffers() *buffers {
	matrix := func(rows, columns int) blas32.General {
		return blas32.General{Rows: rows, Cols: columns, Stride: columns, Data: make([]float32, rows*columns)}
	}
	return &buffers{
		pixels:   make([]float32, 3*side*side),
		columns1: matrix(3*5*5, size1*size1),
		layer1:   matrix(channels1, size1*size1),
		pooled:   make([]float32, channels1*size2*size2),
		columns2: matrix(channels1*3*3, size2*size2),
		layer2:   matrix(channels2, size2*size2),
	}
}

// apply computes the features of a picture into dst.
//
// Shapes: dst (rawLength).
func (f *filters) apply(img *image.RGBA, b *buffers, dst []float64) {
	for i := range side * side {
		for c := range 3 {
			b.pixels[c*side*side+i] = float32(img.Pix[4*i+c])/127.5 - 1
		}
	}
	unfold(b.pixels, side, 5, 2, b.columns1)
	blas32.Gemm(blas.NoTrans, blas.NoTrans, 1, f.w1, b.columns1, 0, b.layer1)
	rectify(b.layer1, f.b1)
	dst = summarise(b.layer1, size1, dst)

	poolMax(b.layer1.Data, size1, b.pooled)
	unfold(b.pooled, size2, 3, 1, b.columns2)
	blas32.Gemm(blas.NoTrans, blas.NoTrans, 1, f.w2, b.columns2, 0, b.layer2)
	rectify(b.layer2, f.b2)
	summarise(b.layer2, size2, dst)
}

// unfold copies the patches of an image to the columns of a matrix (im2col), so that a convolution becomes a matrix
// product. The image is padded with zeros.
//
// Shapes: src (C, n, n), dst (C·size·size, m·m) with m = n/stride.
func unfold(src []float32, n, size, stride int, dst blas32.General) {
	m := n / stride
	for row := range dst.Rows {
		dx, dy := row%size-size/2, row/size%size-size/2
		plane := src[row/(size*size)*n*n:]
		for i := range m {
			out := dst.Data[row*dst.Stride+i*m:][:m]
			y := i*stride + dy
			if y < 0 || y >= n {
				clear(out)
				continue
			}
			line := plane[y*n:][:n]
			for j := range out {
				out[j] = 0
				if x := j*stride + dx; 0 <= x && x < n {
					out[j] = line[x]
				}
			}
		}
	}
}

// rectify computes max(0, x + bias) in place, with one bias for each row.
func rectify(x blas32.General, bias []float32) {
	for i, b := range bias {
		row := x.Data[i*x.Stride : (i+1)*x.Stride]
		for j := range row {
			row[j] = max(0, row[j]+b)
		}
	}
}

// poolMax keeps the maximum of each 2×2 window.
//
// Shapes: src (C, n, n), dst (C, n/2, n/2).
func poolMax(src []float32, n int, dst []float32) {
	m := n / 2
	for i := range dst {
		at := i/(m*m)*n*n + i/m%m*2*n + i%m*2
		dst[i] = max(src[at], src[at+1], src[at+n], src[at+n+1])
	}
}

// summarise writes the means and the maximum of each channel to dst, and returns the rest of dst.
//
// Shapes: src (C, n·n), dst starts with (C, grid·grid+1).
func summarise(src blas32.General, n int, dst []float64) []float64 {
	cell := n / grid
	for c := range src.Rows {
		plane := src.Data[c*n*n : (c+1)*n*n]
		for i := range grid * grid {
			y0, x0 := i/grid*cell, i%grid*cell
			var sum float32
			for y := y0; y < y0+cell; y++ {
				for _, v := range plane[y*n+x0 : y*n+x0+cell] {
					sum += v
				}
			}
			dst[i] = float64(sum) / float64(cell*cell)
		}
		dst[grid*grid] = maxWeight * float64(slices.Max(plane))
		dst = dst[grid*grid+1:]
	}
	return dst
}
