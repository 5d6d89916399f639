package display

import (
	"image"
	"image/color"
	"image/draw"
)

// Row places images side by side on a white background, aligned at the top.
func Row(pictures ...image.Image) image.Image {
	return arrange(pictures, func(size image.Point) image.Point { return image.Pt(size.X, 0) })
}

// Column draws pictures below each other on a white background, aligned at the left.
func Column(pictures ...image.Image) image.Image {
	return arrange(pictures, func(size image.Point) image.Point { return image.Pt(0, size.Y) })
}

// arrange draws pictures on a white background. Each is offset from the previous one by a step that depends on the size
// of that one.
func arrange(pictures []image.Image, step func(size image.Point) image.Point) image.Image {
	var places []image.Rectangle
	var all image.Rectangle
	at := image.Point{}
	for _, p := range pictures {
		size := p.Bounds().Size()
		places = append(places, image.Rectangle{Min: at, Max: at.Add(size)})
		all = all.Union(places[len(places)-1])
		at = at.Add(step(size))
	}
	paper := image.NewRGBA(all)
	draw.Draw(paper, all, image.NewUniform(color.White), image.Point{}, draw.Src)
	for i, p := range pictures {
		draw.Draw(paper, places[i], p, p.Bounds().Min, draw.Over)
	}
	return reduce(paper)
}
