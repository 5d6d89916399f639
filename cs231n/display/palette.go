package display

import (
	"image"
	"image/color"
)

// reduce makes a drawing of few colors a picture with a palette, which takes a third of the bytes in a notebook. Each
// channel is rounded to one of 16 values, which nobody sees in lines and letters. A picture that still has more than
// 256 colors, which drawings do not, is returned as it is.
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

// round takes a channel of 16 bits to the nearest of 16 values in 8 bits, black and white among them.
func round(v uint32) uint8 { return uint8((v*15+0x7fff)/0xffff) * 17 }
