package display

import (
	"fmt"
	"image"
	"image/color"
	"math"
)

const (
	gridWidth   = 480 // width in pixels to which a grid is enlarged by an integer factor
	gridMaximum = 720 // width in pixels up to which images are at least doubled
	gridGap     = 2   // pixels between images
	grayLevels  = 32  // 256 would more than double the size of the file
)

// Grid draws N square grayscale images as [Table] does, in ⌈√N⌉ columns.
func Grid(images [][]float32) (image.Image, error) {
	return Table(images, int(math.Ceil(math.Sqrt(float64(len(images))))))
}

// Table draws square grayscale images in a grid with the given number of columns, row by row, enlarged by an integer factor.
//
// Like matplotlib's imshow with the gray colormap it scales every image separately: the smallest value is black and the
// largest white. A constant image is black. NaN and infinite pixels are white.
//
// Shapes: images: (N, side·side), row-major. [Split] splits a flat tensor into images.
//
// It returns an error if there is no image or column, if an image is not square, or if the images differ in size.
func Table(images [][]float32, columns int) (image.Image, error) {
	if len(images) == 0 || columns < 1 {
		return nil, fmt.Errorf("display: Grid: %d images in %d columns; pass at least one of each", len(images), columns)
	}
	side := int(math.Round(math.Sqrt(float64(len(images[0])))))
	for i, img := range images {
		if len(img) != side*side || side == 0 {
			return nil, fmt.Errorf("display: Grid: image %d has %d pixels, want a square number and the same as in image 0 (%d); "+
				"use Split for flat values", i, len(img), len(images[0]))
		}
	}
	rows := (len(images) + columns - 1) / columns
	scale := max(gridWidth/(columns*side), min(2, gridMaximum/(columns*side)), 1)
	pitch := side*scale + gridGap

	grid := image.NewPaletted(image.Rect(0, 0, columns*pitch+gridGap, rows*pitch+gridGap), grays())
	const blank = grayLevels - 1 // white
	for i := range grid.Pix {
		grid.Pix[i] = blank
	}
	for i, img := range images {
		low, high := valueRange(img)
		left, top := gridGap+i%columns*pitch, gridGap+i/columns*pitch
		for p, v := range img {
			level := uint8(blank)
			if finite(v) {
				level = grayLevel(v, low, high)
			}
			fill(grid, left+p%side*scale, top+p/side*scale, scale, level)
		}
	}
	return grid, nil
}

// Split splits the flat values of a batch into images. The result shares memory with flat. It returns an error if the length
// of flat is not a multiple of pixels.
//
// Shapes: flat: (N·pixels) -> (N, pixels).
func Split(flat []float32, pixels int) ([][]float32, error) {
	if pixels <= 0 || len(flat)%pixels != 0 {
		return nil, fmt.Errorf("display: Split: %d values cannot be split into images of %d pixels; pass the number of pixels of one image, such as 28*28",
			len(flat), pixels)
	}
	images := make([][]float32, 0, len(flat)/pixels)
	for ; len(flat) > 0; flat = flat[pixels:] {
		images = append(images, flat[:pixels:pixels])
	}
	return images, nil
}

// valueRange returns the smallest and the largest finite value.
func valueRange(values []float32) (low, high float32) {
	low, high = float32(math.Inf(1)), float32(math.Inf(-1))
	for _, v := range values {
		if finite(v) {
			low, high = min(low, v), max(high, v)
		}
	}
	return low, high
}

func finite(v float32) bool { return !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0) }

// grayLevel maps low … high to 0 … grayLevels−1 in equal steps.
func grayLevel(v, low, high float32) uint8 {
	if low == high {
		return 0
	}
	// In float64, high-low cannot overflow.
	unit := (float64(v) - float64(low)) / (float64(high) - float64(low))
	return uint8(min(unit*grayLevels, grayLevels-1))
}

func grays() color.Palette {
	palette := make(color.Palette, grayLevels)
	for i := range palette {
		palette[i] = color.Gray{Y: uint8(i * 255 / (grayLevels - 1))}
	}
	return palette
}

// fill paints one enlarged pixel.
func fill(img *image.Paletted, x, y, size int, level uint8) {
	for dy := range size {
		row := img.Pix[img.PixOffset(x, y+dy):]
		for dx := range size {
			row[dx] = level
		}
	}
}
