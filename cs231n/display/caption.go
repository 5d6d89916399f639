package display

import (
	"image"
	"image/color"
	"strings"

	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/math/fixed"
	"gonum.org/v1/plot"
	plotfont "gonum.org/v1/plot/font"
)

// Caption returns an image with centered lines of text above it, such as a generated and a reference caption, on a white
// background of the given width in pixels. Long lines are wrapped. Small images are enlarged by an integer factor, and wide
// ones are reduced.
func Caption(img image.Image, width int, lines ...string) image.Image {
	const (
		least    = 240 // width in pixels up to which images are enlarged
		margin   = 8
		fontSize = 10 // points
		leading  = 18 // pixels from line to line
	)
	inner := width - 2*margin
	size, scaler := img.Bounds().Size(), draw.Interpolator(draw.NearestNeighbor)
	if size.X > inner {
		size, scaler = image.Pt(inner, size.Y*inner/size.X), draw.CatmullRom
	} else {
		size = size.Mul(max(1, min(least, inner)/max(1, size.X)))
	}

	typeface := plot.DefaultFont
	typeface.Variant = "Sans"
	face := plotfont.DefaultCache.Lookup(typeface, fontSize)
	text := font.Drawer{Src: image.Black, Face: unkerned{face.FontFace(dpi)}}
	defer text.Face.Close()
	lines = wrap(lines, func(s string) bool { return text.MeasureString(s).Ceil() <= inner })
	top := margin
	if len(lines) > 0 {
		top += leading*len(lines) + margin/2
	}

	paper := image.NewRGBA(image.Rect(0, 0, width, top+size.Y+margin))
	draw.Draw(paper, paper.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	text.Dst = paper
	for i, l := range lines {
		text.Dot = fixed.Point26_6{
			X: (fixed.I(width) - text.MeasureString(l)) / 2,
			Y: fixed.I(margin+i*leading) + text.Face.Metrics().Ascent,
		}
		text.DrawString(l)
	}
	at := image.Pt((width-size.X)/2, top)
	scaler.Scale(paper, image.Rectangle{Min: at, Max: at.Add(size)}, img, img.Bounds(), draw.Over, nil)
	return paper
}

// unkerned is a font face without kerning. Package opentype does not scale the kerning, so small letters would overlap
// ("T:").
type unkerned struct{ font.Face }

func (unkerned) Kern(rune, rune) fixed.Int26_6 { return 0 }

// wrap breaks lines that do not fit between words. A word that is too long gets a line to itself.
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
