package display

import (
	"image"
	"image/color"
	"image/draw"
)

// Row places images side by side on a white background, aligned at the top.
func Row(pictures ...image.Image) image.Image {
	var size image.Point
	for _, p := range pictures {
		size.X += p.Bounds().Dx()
		size.Y = max(size.Y, p.Bounds().Dy())
	}
	row := image.NewRGBA(image.Rectangle{Max: size})
	draw.Draw(row, row.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	x := 0
	for _, p := range pictures {
		to := p.Bounds().Sub(p.Bounds().Min).Add(image.Pt(x, 0))
		draw.Draw(row, to, p, p.Bounds().Min, draw.Over)
		x += p.Bounds().Dx()
	}
	return reduce(row)
}
