package display

import (
	"image"
	"image/color"
	"strings"

	"golang.org/x/image/draw"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	vgdraw "gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// Caption returns a picture with lines of text above it, such as the caption that a model found and the one that a
// person wrote. Lines that are too long are broken between words; small pictures are enlarged by a whole factor.
func Caption(img image.Image, lines ...string) image.Image {
	const (
		pixel     = vg.Inch / 96
		least     = 240 // width in pixels up to which pictures are enlarged
		textWidth = 400 // least width in pixels that text may take
		margin    = 8
		leading   = 1.35
	)
	style := text.Style{
		Color:   color.Black,
		Font:    font.From(plot.DefaultFont, 10),
		Handler: plot.DefaultTextHandler,
		XAlign:  text.XCenter,
		YAlign:  text.YTop,
	}
	style.Font.Variant = "Sans"

	scale := max(1, least/max(1, img.Bounds().Dx()))
	size := img.Bounds().Size().Mul(scale)
	width := max(size.X, textWidth) + 2*margin
	lines = wrap(lines, func(s string) bool { return style.Width(s) <= vg.Length(width-2*margin)*pixel })
	lineHeight := style.Font.Size * leading
	top := margin
	if len(lines) > 0 {
		top += int(lineHeight/pixel)*len(lines) + margin/2
	}
	height := top + size.Y + margin

	canvas := vgimg.NewWith(vgimg.UseWH(vg.Length(width)*pixel, vg.Length(height)*pixel), vgimg.UseDPI(96))
	c := vgdraw.New(canvas)
	for i, l := range lines {
		c.FillText(style, vg.Point{X: c.Center().X, Y: c.Max.Y - margin*pixel - vg.Length(i)*lineHeight}, l)
	}
	result := canvas.Image()
	at := image.Pt((width-size.X)/2, top)
	draw.NearestNeighbor.Scale(result, image.Rectangle{Min: at, Max: at.Add(size)}, img, img.Bounds(), draw.Over, nil)
	return result
}

// wrap breaks lines between words wherever they do not fit. A word that is too long keeps a line for itself.
func wrap(lines []string, fits func(string) bool) []string {
	var out []string
	for _, l := range lines {
		current := ""
		for _, word := range strings.Fields(l) {
			longer := strings.TrimSpace(current + " " + word)
			if current != "" && !fits(longer) {
				out = append(out, current)
				longer = word
			}
			current = longer
		}
		out = append(out, current)
	}
	return out
}
