package scenes

import (
	"image/color"
	"math"
)

// Each function draws one object of height 1 with its foot at the origin.

func drawBall(p pen, h hue) {
	c := h.rgb()
	p.ellipse(darker(c, 0.35), 0, 0.5, 0.5, 0.5)
	p.ellipse(c, 0, 0.51, 0.46, 0.46)
	p.blob(lighter(c, 0.55), -0.55, 0.5, -0.2, 0.3, 0.2, 0.3, 0.55, 0.5, 0.2, 0.44, -0.2, 0.44)
	p.ellipse(lighter(c, 0.7), -0.17, 0.72, 0.12, 0.09)
}

func drawBalloon(p pen, h hue) {
	c := h.rgb()
	p.line(rgb(0x55525a), 0.02, 0, 0.36, 0.04, 0.18)
	p.line(rgb(0x55525a), 0.02, 0.04, 0.18, -0.02, 0)
	p.polygon(darker(c, 0.3), -0.06, 0.33, 0.06, 0.33, 0, 0.42)
	p.blob(darker(c, 0.3), -0.05, 0.34, 0.05, 0.34, 0.3, 0.6, 0.3, 0.95, 0.12, 1.02, -0.12, 1.02, -0.3, 0.95, -0.3, 0.6)
	p.blob(c, -0.05, 0.385, 0.05, 0.385, 0.27, 0.62, 0.27, 0.925, 0.1, 0.99, -0.1, 0.99, -0.27, 0.925, -0.27, 0.62)
	p.ellipse(lighter(c, 0.6), -0.11, 0.82, 0.06, 0.09)
}

func drawBoat(p pen, h hue) {
	c := h.rgb()
	p.rect(rgb(0x5b3b20), -0.03, 0.2, 0.02, 1)
	p.polygon(rgb(0xffffff), 0.05, 0.3, 0.05, 0.97, 0.42, 0.3)
	p.polygon(rgb(0xe4e9ee), -0.06, 0.32, -0.06, 0.86, -0.36, 0.32)
	p.polygon(c, 0.02, 0.99, 0.02, 0.9, 0.2, 0.94) // the flag
	p.polygon(darker(c, 0.3), -0.48, 0.28, 0.48, 0.28, 0.32, 0, -0.32, 0)
	p.polygon(c, -0.45, 0.26, 0.45, 0.26, 0.36, 0.09, -0.36, 0.09)
	p.rect(lighter(c, 0.5), -0.4, 0.19, 0.4, 0.22)
}

func drawBox(p pen, h hue) {
	c := h.rgb()
	ribbon := lighter(c, 0.72)
	p.polygon(darker(c, 0.4), 0.36, 0, 0.5, 0.12, 0.5, 0.92, 0.36, 0.8)
	p.polygon(lighter(c, 0.25), -0.5, 0.8, 0.36, 0.8, 0.5, 0.95, -0.36, 0.95)
	p.rect(c, -0.5, 0, 0.36, 0.8)
	p.rect(ribbon, -0.14, 0, 0, 0.8)
	p.polygon(lighter(ribbon, 0.3), -0.14, 0.8, 0, 0.8, 0.14, 0.95, 0, 0.95)
	p.rect(darker(c, 0.2), -0.5, 0.6, 0.36, 0.64)
}

func drawCar(p pen, h hue) {
	c := h.rgb()
	// The cabin, its windows, the body, the lights and the wheels.
	p.blob(darker(c, 0.12), -0.72, 0.42, -0.5, 1.06, -0.3, 1, 0.2, 1, 0.36, 1.04, 0.66, 0.42)
	p.polygon(rgb(0xbfe3f5), -0.5, 0.56, -0.36, 0.86, -0.06, 0.86, -0.06, 0.56)
	p.polygon(rgb(0xbfe3f5), 0.02, 0.56, 0.02, 0.86, 0.24, 0.86, 0.44, 0.56)
	p.blob(c, -1.0, 0.12, -1.0, 0.62, -0.8, 0.6, 0.6, 0.6, 1.0, 0.52, 1.0, 0.12, 0.8, 0.16, -0.8, 0.16)
	p.rect(darker(c, 0.3), -0.88, 0.2, 0.88, 0.25)
	p.ellipse(rgb(0xfff3a8), 0.84, 0.42, 0.07, 0.07)
	for _, x := range []float32{-0.5, 0.5} {
		p.ellipse(rgb(0x1d1d22), x, 0.19, 0.2, 0.2)
		p.ellipse(rgb(0xc9ccd2), x, 0.19, 0.09, 0.09)
	}
}

func drawCat(p pen, h hue) {
	c := h.rgb()
	edge, inner := darker(c, 0.35), lighter(c, 0.25)
	face := rgb(0x202024)
	if h == black {
		edge, inner, face = rgb(0x0b0b10), lighter(c, 0.2), rgb(0xf2d23c)
	}
	// The tail curls up on the right.
	for _, t := range []struct {
		c color.RGBA
		w float32
	}{{edge, 0.13}, {c, 0.09}} {
		p.line(t.c, t.w, 0.18, 0.07, 0.34, 0.1)
		p.line(t.c, t.w, 0.34, 0.1, 0.37, 0.3)
		p.line(t.c, t.w, 0.37, 0.3, 0.32, 0.4)
	}
	p.blob(edge, -0.36, -0.03, 0.36, -0.03, 0.32, 0.4, 0.12, 0.72, -0.12, 0.72, -0.32, 0.4)
	p.blob(c, -0.31, 0, 0.31, 0, 0.28, 0.4, 0.1, 0.68, -0.1, 0.68, -0.28, 0.4)
	p.ellipse(inner, 0, 0.26, 0.12, 0.19)
	p.ellipse(edge, -0.12, 0.04, 0.1, 0.06)
	p.ellipse(edge, 0.12, 0.04, 0.1, 0.06)
	p.ellipse(c, -0.12, 0.05, 0.08, 0.045)
	p.ellipse(c, 0.12, 0.05, 0.08, 0.045)
	for _, m := range []float32{-1, 1} {
		p.polygon(edge, m*0.3, 0.72, m*0.27, 1, m*0.04, 0.86)
		p.polygon(lighter(rgb(0xf29bb0), 0.1), m*0.25, 0.76, m*0.235, 0.93, m*0.1, 0.85)
	}
	p.ellipse(edge, 0, 0.68, 0.31, 0.23)
	p.ellipse(c, 0, 0.68, 0.28, 0.2)
	p.ellipse(face, -0.11, 0.7, 0.045, 0.06)
	p.ellipse(face, 0.11, 0.7, 0.045, 0.06)
	p.polygon(rgb(0xf07f98), -0.04, 0.63, 0.04, 0.63, 0, 0.585)
	for _, m := range []float32{-1, 1} {
		p.line(face, 0.02, 0, 0.575, m*0.035, 0.55)
		p.line(face, 0.02, m*0.035, 0.55, m*0.08, 0.575)
	}
}

func drawDuck(p pen, h hue) {
	c := h.rgb()
	edge := darker(c, 0.3)
	p.blob(edge, -0.62, 0.56, -0.44, 0, 0.3, -0.06, 0.52, 0.2, 0.4, 0.5, 0, 0.42)
	p.blob(c, -0.56, 0.5, -0.4, 0.04, 0.28, -0.02, 0.46, 0.2, 0.36, 0.46, 0, 0.38)
	p.polygon(rgb(0xf08a1a), 0.4, 0.82, 0.4, 0.66, 0.58, 0.72)
	p.ellipse(edge, 0.24, 0.75, 0.24, 0.25)
	p.ellipse(c, 0.24, 0.75, 0.205, 0.215)
	p.blob(c, 0.1, 0.7, 0.4, 0.66, 0.46, 0.3, 0.06, 0.3)
	p.ellipse(rgb(0x17171c), 0.3, 0.8, 0.045, 0.05)
	p.blob(edge, -0.36, 0.4, -0.2, 0.12, 0.2, 0.12, 0.22, 0.36)
}

func drawFlower(p pen, h hue) {
	c := h.rgb()
	p.line(rgb(0x1f7a35), 0.06, 0, 0, 0, 0.6)
	p.blob(rgb(0x2a9a45), 0, 0.1, 0.3, 0.2, 0.28, 0.4, 0.06, 0.3)
	p.blob(rgb(0x2a9a45), 0, 0.05, -0.3, 0.14, -0.28, 0.34, -0.06, 0.24)
	for _, petal := range []struct {
		c color.RGBA
		r float32
	}{{darker(c, 0.28), 0.15}, {c, 0.12}} {
		for i := range 6 {
			sin, cos := math.Sincos(float64(i) * math.Pi / 3)
			p.ellipse(petal.c, 0.16*float32(sin), 0.71+0.16*float32(cos), petal.r, petal.r)
		}
	}
	middle := rgb(0xf7b90f)
	if h == yellow {
		middle = rgb(0x8a4b16)
	}
	p.ellipse(middle, 0, 0.71, 0.1, 0.1)
}

func drawHouse(p pen, h hue) {
	c := h.rgb()
	roof := rgb(0x5c4038)
	p.rect(rgb(0x6d6a6a), 0.16, 0.68, 0.28, 0.98)
	p.rect(darker(c, 0.25), -0.4, 0, 0.4, 0.6)
	p.rect(c, -0.38, 0.02, 0.37, 0.6)
	p.polygon(darker(roof, 0.3), -0.48, 0.54, 0.48, 0.54, 0, 1)
	p.polygon(roof, -0.43, 0.565, 0.43, 0.565, 0, 0.96)
	p.rect(rgb(0x4d2f1e), -0.1, 0, 0.1, 0.32)
	p.ellipse(rgb(0xf4d35e), 0.06, 0.15, 0.02, 0.02)
	for _, x := range []float32{-0.25, 0.25} {
		p.rect(rgb(0xffffff), x-0.1, 0.28, x+0.1, 0.49)
		p.rect(rgb(0x9fd4ee), x-0.08, 0.3, x+0.08, 0.47)
		p.rect(rgb(0xffffff), x-0.01, 0.3, x+0.01, 0.47)
	}
}

func drawMug(p pen, h hue) {
	c := h.rgb()
	edge := darker(c, 0.35)
	// The handle is a bent line, so that the wall shows through it.
	for i := range 10 {
		a, b := float64(i)*math.Pi/10-math.Pi/2, float64(i+1)*math.Pi/10-math.Pi/2
		p.line(edge, 0.11, 0.3+0.2*float32(math.Cos(a)), 0.4+0.22*float32(math.Sin(a)),
			0.3+0.2*float32(math.Cos(b)), 0.4+0.22*float32(math.Sin(b)))
	}
	p.rect(edge, -0.5, 0.1, 0.34, 0.72)
	p.ellipse(edge, -0.08, 0.11, 0.42, 0.11)
	p.rect(c, -0.46, 0.11, 0.3, 0.72)
	p.ellipse(c, -0.08, 0.13, 0.38, 0.09)
	p.ellipse(edge, -0.08, 0.73, 0.42, 0.14)
	p.ellipse(rgb(0x4a2c17), -0.08, 0.73, 0.36, 0.1)
	p.rect(lighter(c, 0.55), -0.4, 0.18, -0.33, 0.6)
	p.line(lighter(rgb(0xcfd2d8), 0.4), 0.04, -0.16, 0.82, -0.12, 0.97)
	p.line(lighter(rgb(0xcfd2d8), 0.4), 0.04, 0.02, 0.82, 0.06, 0.97)
}

func drawSnowman(p pen, h hue) {
	c, coat, edge := h.rgb(), rgb(0xfdfdff), rgb(0x8fa3bd)
	p.ellipse(edge, 0, 0.24, 0.3, 0.25)
	p.ellipse(coat, 0, 0.245, 0.27, 0.22)
	p.line(rgb(0x5b3b20), 0.03, -0.16, 0.5, -0.34, 0.64)
	p.line(rgb(0x5b3b20), 0.03, 0.16, 0.5, 0.34, 0.64)
	p.ellipse(edge, 0, 0.52, 0.22, 0.2)
	p.ellipse(coat, 0, 0.525, 0.19, 0.17)
	p.ellipse(edge, 0, 0.76, 0.17, 0.16)
	p.ellipse(coat, 0, 0.765, 0.145, 0.135)
	p.blob(c, -0.24, 0.7, 0, 0.6, 0.24, 0.7, 0.22, 0.54, 0, 0.5, -0.22, 0.54)
	p.polygon(c, 0.04, 0.62, 0.18, 0.6, 0.2, 0.32, 0.08, 0.32)
	p.rect(rgb(0x26262e), -0.2, 0.86, 0.2, 0.89)
	p.rect(rgb(0x26262e), -0.13, 0.88, 0.13, 1)
	p.ellipse(rgb(0x26262e), -0.06, 0.8, 0.02, 0.025)
	p.ellipse(rgb(0x26262e), 0.06, 0.8, 0.02, 0.025)
	p.polygon(rgb(0xf08a1a), 0, 0.77, 0, 0.72, 0.14, 0.735)
	p.ellipse(rgb(0x26262e), 0, 0.4, 0.022, 0.022)
	p.ellipse(rgb(0x26262e), 0, 0.26, 0.022, 0.022)
}

func drawTable(p pen, h hue) {
	c := h.rgb()
	edge := darker(c, 0.3)
	for _, x := range []float32{-0.68, 0.68} {
		p.rect(edge, x-0.055, 0, x+0.055, 0.9)
		p.rect(c, x-0.035, 0, x+0.02, 0.9)
	}
	p.rect(darker(c, 0.45), -0.66, 0.74, 0.66, 0.86)
	p.rect(edge, -0.8, 0.84, 0.8, 1)
	p.rect(c, -0.78, 0.88, 0.78, 1)
	p.rect(lighter(c, 0.3), -0.78, 0.97, 0.78, 1)
}

func drawTree(p pen, h hue) {
	c := h.rgb()
	p.polygon(rgb(0x5b3b20), -0.09, 0, 0.09, 0, 0.055, 0.55, -0.055, 0.55)
	crown := func(c color.RGBA, grow float32) {
		p.ellipse(c, -0.18, 0.56, 0.19+grow, 0.16+grow)
		p.ellipse(c, 0.18, 0.56, 0.19+grow, 0.16+grow)
		p.ellipse(c, -0.12, 0.74, 0.18+grow, 0.17+grow)
		p.ellipse(c, 0.13, 0.74, 0.18+grow, 0.17+grow)
		p.ellipse(c, 0, 0.84, 0.15+grow, 0.14+grow)
		p.ellipse(c, 0, 0.62, 0.2, 0.2)
	}
	crown(darker(c, 0.35), 0.02)
	crown(c, -0.01)
	p.ellipse(lighter(c, 0.3), -0.12, 0.82, 0.09, 0.06)
	p.ellipse(lighter(c, 0.3), 0.12, 0.68, 0.07, 0.05)
	p.ellipse(lighter(c, 0.3), -0.2, 0.6, 0.06, 0.04)
}

func drawUmbrella(p pen, h hue) {
	c := h.rgb()
	p.rect(rgb(0x6a5340), -0.022, 0, 0.022, 0.96)
	p.arc(darker(c, 0.3), 0, 0.56, 0.52, 0.43, 0, math.Pi)
	p.arc(c, 0, 0.585, 0.49, 0.39, 0, math.Pi)
	pale := lighter(c, 0.75)
	p.lineTo(-0.3, 0.58)
	p.quadTo(-0.3, 0.85, 0, 0.97)
	p.quadTo(-0.1, 0.8, -0.1, 0.58)
	p.fill(pale)
	p.lineTo(0.3, 0.58)
	p.quadTo(0.3, 0.85, 0, 0.97)
	p.quadTo(0.1, 0.8, 0.1, 0.58)
	p.fill(pale)
	p.ellipse(darker(c, 0.3), 0, 0.98, 0.025, 0.025)
}
