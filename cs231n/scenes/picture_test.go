package scenes

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each object is visible: inside the picture, with its colour on a large part of its area, and apart from the other group.
func TestObjectsCanBeSeen(t *testing.T) {
	t.Parallel()
	relations, skies, kinds := map[relation]int{}, map[sky]int{}, map[kind]int{}
	for i := range uint64(600) {
		s := newScene(rand.New(rand.NewPCG(11, i)))
		img := s.picture()
		relations[s.Relation]++
		skies[s.Sky]++
		for _, g := range []group{s.Main, s.Other} {
			kinds[g.Kind]++
			for _, spot := range g.Spots {
				x0, x1 := int(spot.X-g.width()/2), int(spot.X+g.width()/2)
				y0, y1 := int(spot.Y-g.height()), int(spot.Y)
				require.True(t, x0 >= 0 && y0 >= 0 && x1 <= side && y1 <= side, "%+v", s)
				found := 0
				for y := y0; y < y1; y++ {
					for x := x0; x < x1; x++ {
						if img.RGBAAt(x, y) == g.Hue.rgb() {
							found++
						}
					}
				}
				assert.Greater(t, float64(found), 0.02*g.width()*g.height(), "%s %s in %+v", g.Hue, g.Kind, s)
			}
		}
		if s.Relation == leftOf {
			_, to := s.Main.span()
			from, _ := s.Other.span()
			assert.Less(t, to, from)
		}
	}
	for _, x := range []relation{alone, leftOf, rightOf, on, under, above} {
		assert.Greater(t, relations[x], 20, "%s", x)
	}
	for _, x := range []sky{plain, sun, clouds, moon, window} {
		assert.Greater(t, skies[x], 20, "%s", x)
	}
	assert.Len(t, kinds, 14+1, "all kinds occur, and no second group")
}

func TestShapes(t *testing.T) {
	t.Parallel()
	paint := rgb(0xff0000)
	for _, test := range []struct {
		name string
		draw func(p pen)
		area float64
	}{
		{"rect", func(p pen) { p.rect(paint, 10, 10, 40, 30) }, 600},
		{"triangle", func(p pen) { p.polygon(paint, 0, 0, 40, 0, 0, 40) }, 800},
		{"circle", func(p pen) { p.ellipse(paint, 48, 48, 20, 20) }, 1256.6},
		{"ellipse over the edge", func(p pen) { p.ellipse(paint, 0, 48, 20, 10) }, 314.2},
		{"half a circle", func(p pen) { p.arc(paint, 48, 48, 20, 20, 0, 3.14159265) }, 628.3},
		{"line", func(p pen) { p.line(paint, 4, 20, 20, 60, 20) }, 160 + 12.6},
		{"dot", func(p pen) { p.line(paint, 10, 20, 20, 20, 20) }, 78.5},
		{"blob in a square", func(p pen) { p.blob(paint, 20, 20, 60, 20, 60, 60, 20, 60) }, 1600 * 5.0 / 6},
		{"outside", func(p pen) { p.rect(paint, 100, 100, 120, 120) }, 0},
		{"enlarged", func(p pen) { pen{p.canvas, 48, 48, 10}.rect(paint, -1, 0, 1, 2) }, 400},
	} {
		c := newCanvas()
		test.draw(c.page())
		var area float64
		for i := 3; i < len(c.img.Pix); i += 4 {
			area += float64(c.img.Pix[i]) / 255
		}
		assert.InDelta(t, test.area, area, 2+0.01*test.area, test.name)
	}
}
