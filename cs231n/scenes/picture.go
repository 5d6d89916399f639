package scenes

import (
	"image"
	"math"
	"math/rand/v2"
	"slices"
)

// picture paints the scene.
func (s scene) picture() *image.RGBA {
	c := newCanvas()
	r := rand.New(rand.NewPCG(s.Detail, 0))
	page := c.page()
	switch s.Place {
	case meadow:
		drawMeadow(page, r)
	case beach:
		drawBeach(page, r)
	case sea:
		page.ramp(rgb(0x8fcdf2), rgb(0xd8effb), side, 46)
	case snow:
		drawSnow(page, r)
	case night:
		drawNight(page, r)
	case room:
		drawRoom(page, r)
	case street:
		drawStreet(page, r)
	}
	s.drawSky(page, r)
	if s.Place == sea {
		drawSea(page, r)
	}
	s.drawObjects(c)
	if s.Place == snow {
		drawFlakes(page, r)
	}
	return c.img
}

// drawObjects paints the objects from the farthest to the nearest, each with its shadow.
func (s scene) drawObjects(c *canvas) {
	type object struct {
		group
		spot
	}
	var all []object
	for _, g := range []group{s.Other, s.Main} { // the main group, on or under the other, is in front of it
		for _, spot := range g.Spots {
			all = append(all, object{g, spot})
		}
	}
	if s.Relation == leftOf || s.Relation == rightOf {
		slices.SortStableFunc(all, func(a, b object) int { return int(a.Y - b.Y) })
	}
	for _, o := range all {
		shape := o.Kind.shape()
		p := pen{c, float32(o.X), float32(o.Y), float32(o.height())}
		grounded := !shape.flies && s.Place != sea
		if grounded && (s.Relation != on || o.Kind == s.Other.Kind) {
			p.ellipse(veil(0.22), 0, 0.005, float32(shape.aspect)*0.5, 0.05)
		}
		shape.draw(p, o.Hue)
		if s.Place == sea && !shape.flies {
			w := float32(shape.aspect)
			p.blob(rgb(0x2f86c4), -0.6*w, -0.08, -0.3*w, 0.13, 0, 0.04, 0.3*w, 0.13, 0.6*w, -0.08, 0, -0.14)
			p.line(rgb(0xcfeafa), 0.03, -0.5*w, 0.02, -0.22*w, 0.06)
			p.line(rgb(0xcfeafa), 0.03, 0.08*w, 0.03, 0.36*w, 0.06)
		}
	}
}

func (s scene) drawSky(page pen, r *rand.Rand) {
	x := float32(s.SkyX)
	switch s.Sky {
	case sun:
		for i := range 12 {
			sin, cos := math.Sincos(float64(i) * math.Pi / 6)
			page.line(rgb(0xffc928), 1.6, x+10*float32(sin), 81+10*float32(cos), x+13*float32(sin), 81+13*float32(cos))
		}
		page.ellipse(rgb(0xf5a623), x, 81, 8.6, 8.6)
		page.ellipse(rgb(0xffdb3a), x, 81, 7.8, 7.8)
	case moon:
		page.ellipse(rgb(0x3b4a86), x, 81, 11.5, 11.5)
		page.ellipse(rgb(0xfff1b8), x, 81, 9, 9)
		page.ellipse(rgb(0xead893), x-3, 83, 2, 1.8)
		page.ellipse(rgb(0xead893), x+3, 78.5, 1.5, 1.3)
		page.ellipse(rgb(0xead893), x+2.6, 84.5, 1.1, 1)
	case clouds:
		for _, at := range []float32{18, 50, 80} {
			x, y, k := at+6*r.Float32(), 76+10*r.Float32(), 0.8+0.4*r.Float32()
			for _, part := range [][4]float32{{-7, 0, 6, 4}, {7, 0, 6, 4}, {0, 2.5, 7, 6}, {0, -1, 10, 3.4}} {
				page.ellipse(rgb(0xffffff), x+part[0]*k, y+part[1]*k, part[2]*k, part[3]*k)
			}
		}
	case window:
		page.rect(rgb(0x7a5233), x-13, 66, x+13, 92)
		page.rect(rgb(0xaedcf5), x-11, 68, x+11, 90)
		page.blob(rgb(0x8cca76), x-11, 68, x-11, 72, x-4, 78, x+4, 70, x+11, 76, x+11, 68)
		page.rect(rgb(0x7a5233), x-0.8, 68, x+0.8, 90)
		page.rect(rgb(0x7a5233), x-11, 78.4, x+11, 79.8)
		page.rect(rgb(0x8d623f), x-14.5, 64.4, x+14.5, 66.4)
	}
}

func drawMeadow(page pen, r *rand.Rand) {
	page.ramp(rgb(0x79c3f0), rgb(0xdff2fb), side, 34)
	a := 8 * r.Float32()
	page.blob(rgb(0x9ed487), -30, 20, -20, 44+a, 20, 52-a, 55, 30, 50, 20)
	page.blob(rgb(0x8cca76), 30, 20, 40, 30+a, 75, 55-a, 130, 40, 120, 20)
	page.ramp(rgb(0x7cc463), rgb(0x57a545), 34, 0)
	for range 26 {
		x, y := side*r.Float32(), 32*r.Float32()
		page.line(rgb(0x469139), 0.7, x, y, x-1, y+2.4)
		page.line(rgb(0x469139), 0.7, x, y, x+1.2, y+2.2)
	}
}

func drawBeach(page pen, r *rand.Rand) {
	page.ramp(rgb(0x86cdf4), rgb(0xdcf2fc), side, 52)
	page.ramp(rgb(0x2c86c8), rgb(0x55b5dc), 52, 30)
	for range 9 {
		x, y := side*r.Float32(), 34+16*r.Float32()
		page.line(rgb(0xbfe4f5), 0.8, x, y, x+4+5*r.Float32(), y)
	}
	page.blob(rgb(0xf4fbff), -30, 0, -20, 32, 14, 37, 44, 31, 70, 36, 120, 30, 126, 0)
	page.blob(rgb(0xf3dfac), -30, -10, -20, 30, 14, 35, 44, 29, 70, 34, 120, 28, 126, -10)
	page.ramp(rgb(0xf3dfac), rgb(0xe6c98a), 26, 0)
	for range 30 {
		page.ellipse(rgb(0xcfae6c), side*r.Float32(), 25*r.Float32(), 0.55, 0.45)
	}
}

func drawSea(page pen, r *rand.Rand) {
	page.ramp(rgb(0x5fb4e0), rgb(0x1f6fb0), 46, 0)
	for range 18 {
		x, y := side*r.Float32()-4, 44*r.Float32()
		w := 4 + 5*r.Float32()
		page.line(rgb(0xa9d8f0), 0.8, x, y, x+w/2, y+1)
		page.line(rgb(0xa9d8f0), 0.8, x+w/2, y+1, x+w, y)
	}
}

func drawSnow(page pen, r *rand.Rand) {
	page.ramp(rgb(0xa3b4cc), rgb(0xd3dce8), side, 34)
	a := 8 * r.Float32()
	page.blob(rgb(0xe1e8f2), -30, 10, -20, 44+a, 24, 50-a, 60, 30, 50, 10)
	page.blob(rgb(0xe9eff7), 30, 10, 40, 30+a, 75, 52-a, 130, 40, 120, 10)
	page.ramp(rgb(0xf2f6fb), rgb(0xdfe8f3), 34, 0)
}

func drawFlakes(page pen, r *rand.Rand) {
	for range 34 {
		s := 0.7 + 0.6*r.Float32()
		page.ellipse(rgb(0xffffff), side*r.Float32(), side*r.Float32(), s, s)
	}
}

func drawNight(page pen, r *rand.Rand) {
	page.ramp(rgb(0x0f1a48), rgb(0x33407f), side, 24)
	for range 24 {
		s := 0.5 + 0.5*r.Float32()
		page.ellipse(rgb(0xf6f1cf), side*r.Float32(), 42+52*r.Float32(), s, s)
	}
	page.blob(rgb(0x1d3a33), -40, -10, -30, 38, 30, 38, 70, 32, 130, 38, 136, -10)
	page.ramp(rgb(0x1d3a33), rgb(0x12261f), 24, 0)
}

func drawRoom(page pen, r *rand.Rand) {
	wall := pick(r, []uint32{0xf5ead0, 0xe3eddc, 0xe6e6f2})
	page.rect(rgb(wall), 0, 0, side, side)
	for x := float32(4); x < side; x += 12 {
		page.rect(darker(rgb(wall), 0.05), x, 30, x+4, side)
	}
	page.ramp(rgb(0xdca768), rgb(0xc98f50), 30, 0)
	for _, y := range []float32{22, 12} {
		page.line(rgb(0xb57f45), 0.6, 0, y, side, y)
	}
	for _, seam := range [][3]float32{{20, 22, 30}, {66, 22, 30}, {42, 12, 22}, {84, 12, 22}, {12, 0, 12}, {60, 0, 12}} {
		page.line(rgb(0xb57f45), 0.6, seam[0], seam[1], seam[0], seam[2])
	}
	page.rect(rgb(0xffffff), 0, 29, side, 32)
}

func drawStreet(page pen, r *rand.Rand) {
	page.ramp(rgb(0x86c8f0), rgb(0xe2f3fb), side, 40)
	// A row of distant houses.
	for x := float32(-4); x < side; {
		w, h := 9+7*r.Float32(), 6+13*r.Float32()
		page.rect(rgb(pick(r, []uint32{0xb9c3d4, 0xc6cedb, 0xaab6ca})), x, 30, x+w, 34+h)
		x += w
	}
	page.rect(rgb(0x86bf70), 0, 26, side, 35)
	page.ramp(rgb(0x75777d), rgb(0x5f6167), 26, 0)
	page.rect(rgb(0xb9bbc0), 0, 25, side, 27.5)
	for x := float32(2); x < side; x += 19 {
		page.rect(rgb(0xf4f4ee), x, 4, x+10, 5.8)
	}
}
