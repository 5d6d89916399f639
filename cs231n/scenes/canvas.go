package scenes

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"golang.org/x/image/vector"
)

// side is the width and the height of a picture in pixels. All positions and heights in this package are in pixels too.
const side = 96

// canvas is an unfinished picture. Shapes are painted over one another, with smooth edges.
type canvas struct {
	img  *image.RGBA
	ras  *vector.Rasterizer
	path []curve // the outline since the last fill
}

// curve is a piece of an outline, in pixels: a quadratic Bézier curve from the end of the previous piece to (x, y) with the
// control point (bx, by). The first piece only sets the start.
type curve struct{ bx, by, x, y float32 }

func newCanvas() *canvas {
	return &canvas{img: image.NewRGBA(image.Rect(0, 0, side, side)), ras: vector.NewRasterizer(side, side)}
}

// pen draws in its own coordinates: the origin is the point (x, y) of the picture, the y axis points up, and one unit is
// scale pixels. An object drawn from y = 0 to 1 thus has its foot at (x, y) and is scale pixels tall.
type pen struct {
	*canvas
	x, y, scale float32
}

// page is the pen in the coordinates of the picture: the origin is the lower left corner and one unit is a pixel.
func (c *canvas) page() pen { return pen{c, 0, side, 1} }

func (p pen) at(x, y float32) (px, py float32) { return p.x + x*p.scale, p.y - y*p.scale }

func (p pen) lineTo(x, y float32) {
	x, y = p.at(x, y)
	p.path = append(p.path, curve{x, y, x, y})
}

func (p pen) quadTo(bx, by, x, y float32) {
	bx, by = p.at(bx, by)
	x, y = p.at(x, y)
	p.path = append(p.path, curve{bx, by, x, y})
}

// fill paints the inside of the outline. It rasterizes only the rectangle around the outline, since most shapes are small.
func (p pen) fill(c color.RGBA) {
	x0, y0, x1, y1 := float32(side), float32(side), float32(0), float32(0)
	for _, q := range p.path {
		x0, y0 = min(x0, q.x, q.bx), min(y0, q.y, q.by)
		x1, y1 = max(x1, q.x, q.bx), max(y1, q.y, q.by)
	}
	box := image.Rect(int(x0)-1, int(y0)-1, int(x1)+2, int(y1)+2).Intersect(p.img.Bounds())
	if !box.Empty() {
		left, top := float32(box.Min.X), float32(box.Min.Y)
		p.ras.Reset(box.Dx(), box.Dy())
		p.ras.MoveTo(p.path[0].x-left, p.path[0].y-top)
		for _, q := range p.path[1:] {
			p.ras.QuadTo(q.bx-left, q.by-top, q.x-left, q.y-top)
		}
		p.ras.ClosePath()
		p.ras.Draw(p.img, box, image.NewUniform(c), image.Point{})
	}
	p.path = p.path[:0]
}

// polygon fills the polygon with the corners x₀, y₀, x₁, y₁, …
func (p pen) polygon(c color.RGBA, xy ...float32) {
	p.lineTo(xy[0], xy[1])
	for i := 2; i < len(xy); i += 2 {
		p.lineTo(xy[i], xy[i+1])
	}
	p.fill(c)
}

func (p pen) rect(c color.RGBA, x0, y0, x1, y1 float32) {
	p.polygon(c, x0, y0, x1, y0, x1, y1, x0, y1)
}

// blob fills a smooth closed curve, the quadratic B-spline of its control points. It passes through the middle of each edge
// of their polygon.
func (p pen) blob(c color.RGBA, xy ...float32) {
	n := len(xy)
	p.lineTo((xy[n-2]+xy[0])/2, (xy[n-1]+xy[1])/2)
	for i := 0; i < n; i += 2 {
		j := (i + 2) % n
		p.quadTo(xy[i], xy[i+1], (xy[i]+xy[j])/2, (xy[i+1]+xy[j+1])/2)
	}
	p.fill(c)
}

// ellipse fills an ellipse, made of sixteen quadratic curves.
func (p pen) ellipse(c color.RGBA, cx, cy, rx, ry float32) {
	p.arc(c, cx, cy, rx, ry, 0, 2*math.Pi)
}

// arc fills the part of an ellipse between two angles and the chord between them.
func (p pen) arc(c color.RGBA, cx, cy, rx, ry float32, from, to float64) {
	const parts = 16
	step := (to - from) / parts
	// The control point of an arc is the point where the tangents at its ends meet.
	out := 1 / math.Cos(step/2)
	point := func(angle, r float64) (x, y float32) {
		sin, cos := math.Sincos(angle)
		return cx + rx*float32(r*cos), cy + ry*float32(r*sin)
	}
	p.lineTo(point(from, 1))
	for i := range parts {
		a := from + float64(i)*step
		bx, by := point(a+step/2, out)
		ex, ey := point(a+step, 1)
		p.quadTo(bx, by, ex, ey)
	}
	p.fill(c)
}

// line strokes a line with round ends.
func (p pen) line(c color.RGBA, width, x0, y0, x1, y1 float32) {
	dx, dy := x1-x0, y1-y0
	length := float32(math.Hypot(float64(dx), float64(dy)))
	if length == 0 {
		p.ellipse(c, x0, y0, width/2, width/2)
		return
	}
	nx, ny := -dy/length*width/2, dx/length*width/2
	p.polygon(c, x0+nx, y0+ny, x1+nx, y1+ny, x1-nx, y1-ny, x0-nx, y0-ny)
	p.ellipse(c, x0, y0, width/2, width/2)
	p.ellipse(c, x1, y1, width/2, width/2)
}

// ramp paints the whole width between two heights in stripes, from one colour to another. A few stripes look smooth and
// keep the file small.
func (p pen) ramp(from, to color.RGBA, top, bottom int) {
	const stripes = 12
	for i := range stripes {
		y0, y1 := top+(bottom-top)*i/stripes, top+(bottom-top)*(i+1)/stripes
		box := image.Rect(0, side-y0, side, side-y1)
		draw.Draw(p.img, box, image.NewUniform(mix(from, to, float32(i)/(stripes-1))), image.Point{}, draw.Src)
	}
}

// mix returns a·(1−t) + b·t.
func mix(a, b color.RGBA, t float32) color.RGBA {
	channel := func(x, y uint8) uint8 { return uint8(math.Round(float64(float32(x)*(1-t)) + float64(float32(y)*t))) }
	return color.RGBA{channel(a.R, b.R), channel(a.G, b.G), channel(a.B, b.B), 255}
}

func rgb(hex uint32) color.RGBA {
	return color.RGBA{uint8(hex >> 16), uint8(hex >> 8), uint8(hex), 255}
}

func darker(c color.RGBA, t float32) color.RGBA  { return mix(c, rgb(0x101020), t) }
func lighter(c color.RGBA, t float32) color.RGBA { return mix(c, rgb(0xffffff), t) }

// veil is black with the given opacity.
func veil(opacity float32) color.RGBA { return color.RGBA{A: uint8(255 * opacity)} }
