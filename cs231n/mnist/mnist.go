// Package mnist reads the MNIST handwritten digits: 60,000 images for training and 10,000 for testing, 28×28 pixels in
// shades of grey, each with its label.
//
// [Load] needs no download: the four archives, as published, come with a Go module that this project requires. It also
// reads them from a folder.
//
// Source: Y. LeCun, C. Cortes and C. Burges, "The MNIST database of handwritten digits",
// http://yann.lecun.com/exdb/mnist/.
package mnist

import "fmt"

// Set is a list of labelled images in file order.
type Set struct {
	Images     []byte // N·Rows·Cols pixels, image after image, row after row; 0 is the background
	Labels     []byte // N digits, 0 to 9
	N          int
	Rows, Cols int
}

// First returns the first n images, or all if there are fewer. It shares their memory.
func (s Set) First(n int) Set {
	n = min(n, s.N)
	s.N, s.Images, s.Labels = n, s.Images[:n*s.Rows*s.Cols], s.Labels[:n]
	return s
}

// Floats writes n images, from image i on, to dst. It scales them to [0, 1] as torchvision's ToTensor does: x/255 in
// float32.
//
// Shapes: dst (n, Rows·Cols). It panics if the set has fewer images or dst is too short.
func (s Set) Floats(i, n int, dst []float32) {
	size := s.Rows * s.Cols
	pixels := s.Images[i*size : (i+n)*size]
	dst = dst[:len(pixels)]
	for j, x := range pixels {
		dst[j] = float32(x) / 255
	}
}

// newSet pairs images with their labels.
func newSet(images, labels IDX) (Set, error) {
	if i, l := len(images.Dims), len(labels.Dims); i != 3 || l != 1 {
		return Set{}, fmt.Errorf("mnist: %s has %d dimensions and %s %d; want images in 3 and labels in 1", images.name, i, labels.name, l)
	}
	n := images.Dims[0]
	if labels.Dims[0] != n {
		return Set{}, fmt.Errorf("mnist: %s has %d labels for the %d images of %s", labels.name, labels.Dims[0], n, images.name)
	}
	for i, label := range labels.Data {
		if label > 9 {
			return Set{}, fmt.Errorf("mnist: %s: label %d is %d, want a digit", labels.name, i, label)
		}
	}
	return Set{Images: images.Data, Labels: labels.Data, N: n, Rows: images.Dims[1], Cols: images.Dims[2]}, nil
}
