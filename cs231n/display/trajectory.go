package display

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A Trajectory is a path in the plane: points, numbered from 0 and connected by arrows. An example are the alternating
// gradient steps on f(x, y) = xy, which go around in a circle. The start is red.
type Trajectory struct {
	Title  string
	XLabel string
	YLabel string
	X, Y   []float64

	// Size is the width and height in pixels; 0 means 440.
	Size int
}

// Image draws the trajectory, with the same scale on both axes and the origin in the center. A point that is visited several
// times has all its numbers. It returns an error if X and Y are empty, differ in length or are not finite.
func (t Trajectory) Image() (image.Image, error) {
	if len(t.X) != len(t.Y) || len(t.X) == 0 {
		return nil, fmt.Errorf("display: Trajectory %q has %d X and %d Y values; give as many X as Y, at least one", t.Title, len(t.X), len(t.Y))
	}
	reach := 0.0
	for i := range t.X {
		if v := math.Hypot(t.X[i], t.Y[i]); math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("display: Trajectory %q: point %d is (%g, %g), not finite; check whether the steps diverged",
				t.Title, i, t.X[i], t.Y[i])
		}
		reach = max(reach, math.Abs(t.X[i]), math.Abs(t.Y[i]))
	}
	if reach == 0 {
		reach = 1
	}
	p := newPlot(t.Title, t.XLabel, t.YLabel)
	p.Add(walk(t))
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = -1.25*reach, 1.25*reach, -1.25*reach, 1.25*reach
	size := orDefault(t.Size, 440)
	return render(p, size, size), nil
}

// Show displays the trajectory in the running notebook cell.
func (t Trajectory) Show() error {
	img, err := t.Image()
	if err != nil {
		return err
	}
	return Show(img)
}

// walk is the plotter of a trajectory.
type walk Trajectory

// Plot implements [plot.Plotter].
func (w walk) Plot(c draw.Canvas, p *plot.Plot) {
	const radius = vg.Length(3.5)
	toX, toY := p.Transforms(&c)
	at := func(i int) vg.Point { return vg.Point{X: toX(w.X[i]), Y: toY(w.Y[i])} }

	axis := draw.LineStyle{Color: color.Gray{Y: 0xa0}, Width: 0.7}
	c.StrokeLine2(axis, toX(0), c.Min.Y, toX(0), c.Max.Y)
	c.StrokeLine2(axis, c.Min.X, toY(0), c.Max.X, toY(0))

	for i := 1; i < len(w.X); i++ {
		arrow(c, at(i-1), at(i), radius+1)
	}
	style := text.Style{
		Color:   color.Black,
		Font:    font.From(plot.DefaultFont, 10),
		Handler: p.TextHandler,
		XAlign:  text.XCenter,
		YAlign:  text.YCenter,
	}
	style.Font.Variant = "Sans"
	for i, label := range w.labels() {
		if label == "" {
			continue
		}
		point, hue := at(i), lineColor(0)
		if i == 0 {
			hue = lineColor(3)
		}
		c.DrawGlyph(draw.GlyphStyle{Color: hue, Radius: radius, Shape: draw.CircleGlyph{}}, point)
		// Labels are on the side away from the origin, which the arrows of a circular path do not cross.
		away := unit(point.Sub(vg.Point{X: toX(0), Y: toY(0)}))
		if away == (vg.Point{}) {
			away = vg.Point{Y: 1}
		}
		width := style.Width(label)
		c.FillText(style, point.Add(vg.Point{X: away.X * (width/2 + 8), Y: away.Y * 13}), label)
	}
}

// labels returns the label of each point: all its numbers at the first visit, and nothing at later ones.
func (w walk) labels() []string {
	visits := map[plotter.XY][]string{}
	firsts := make([]plotter.XY, len(w.X))
	for i := range w.X {
		xy := plotter.XY{X: w.X[i], Y: w.Y[i]}
		firsts[i] = xy
		visits[xy] = append(visits[xy], strconv.Itoa(i))
	}
	labels := make([]string, len(w.X))
	for i, xy := range firsts {
		labels[i] = strings.Join(visits[xy], ", ")
		delete(visits, xy)
	}
	return labels
}

// arrow draws an arrow that ends short of the disks of both points.
func arrow(c draw.Canvas, from, to vg.Point, gap vg.Length) {
	const head, half = vg.Length(7), vg.Length(3)
	direction := to.Sub(from)
	if math.Hypot(float64(direction.X), float64(direction.Y)) <= float64(2*gap+head) {
		return // too short, such as a step that does not move
	}
	along := unit(direction)
	side := vg.Point{X: -along.Y, Y: along.X}
	tip := to.Sub(along.Scale(gap))
	base := tip.Sub(along.Scale(head))
	start := from.Add(along.Scale(gap))
	hue := lineColor(0)
	c.StrokeLine2(draw.LineStyle{Color: hue, Width: 1.4}, start.X, start.Y, base.X, base.Y)
	c.FillPolygon(hue, []vg.Point{tip, base.Add(side.Scale(half)), base.Sub(side.Scale(half))})
}

// unit returns the vector of length 1 in the direction of v, or zero for zero.
func unit(v vg.Point) vg.Point {
	length := vg.Length(math.Hypot(float64(v.X), float64(v.Y)))
	if length == 0 {
		return vg.Point{}
	}
	return v.Scale(1 / length)
}
