package display

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// A Series is one line of a [Curve]. NaN and infinite values are not drawn.
type Series struct {
	Name string    // in the legend; empty means no entry
	X    []float64 // nil means 0, 1, 2, …
	Y    []float64
}

// A Curve is a line plot of one or more series, such as training losses. Its background is white, for light and dark themes.
type Curve struct {
	Title  string
	XLabel string
	YLabel string
	Series []Series

	// Smooth, if above 1, is the window of a moving average, which is drawn over the faint raw values.
	Smooth int

	// Log makes both axes logarithmic. All values must be above 0.
	Log bool

	// Width and Height are in pixels; 0 means 640 and 400.
	Width, Height int
}

// Image draws the curve. It returns an error if no value is finite, or if a series' X and Y differ in length.
func (c Curve) Image() (image.Image, error) {
	p := newPlot(c.Title, c.XLabel, c.YLabel)
	drawn := 0
	var means []plot.Plotter // drawn after the raw values of all series
	for i, s := range c.Series {
		if s.X != nil && len(s.X) != len(s.Y) {
			return nil, fmt.Errorf("display: Curve %q: series %q has %d X for %d Y values; give one X for each Y, or none",
				c.Title, s.Name, len(s.X), len(s.Y))
		}
		points, hue := s.points(), lineColor(i)
		if len(points) == 0 {
			continue
		}
		drawn += len(points)
		if c.Smooth > 1 {
			p.Add(&plotter.Line{XYs: points, LineStyle: draw.LineStyle{Color: fade(hue), Width: 0.8}})
			s.Y = runningMean(s.Y, c.Smooth)
			points = s.points()
		}
		if c.Log && slices.ContainsFunc(points, func(p plotter.XY) bool { return p.X <= 0 || p.Y <= 0 }) {
			return nil, fmt.Errorf("display: Curve %q: series %q has values that are not above 0; logarithmic axes need positive values", c.Title, s.Name)
		}
		l := &plotter.Line{XYs: points, LineStyle: draw.LineStyle{Color: hue, Width: 1.6}}
		means = append(means, l)
		if s.Name != "" {
			p.Legend.Add(s.Name, l)
		}
	}
	if drawn == 0 {
		return nil, fmt.Errorf("display: Curve %q has no finite values; check whether the training diverged", c.Title)
	}
	p.Add(means...)
	if c.Log {
		logarithmic(&p.X)
		logarithmic(&p.Y)
		p.Legend.Left, p.Legend.XOffs = true, -p.Legend.XOffs // growing curves end in the other corner
	} else {
		addHeadroom(p)
	}
	return render(p, orDefault(c.Width, 640), orDefault(c.Height, 400)), nil
}

// addHeadroom makes room for the legend.
func addHeadroom(p *plot.Plot) {
	const headroom = 0.08
	p.Y.Max += headroom * (p.Y.Max - p.Y.Min)
}

// Show displays the curve in the running notebook cell.
func (c Curve) Show() error {
	img, err := c.Image()
	if err != nil {
		return err
	}
	return Show(img)
}

// points returns the finite values with their positions.
func (s Series) points() plotter.XYs {
	points := make(plotter.XYs, 0, len(s.Y))
	for i, y := range s.Y {
		x := float64(i)
		if s.X != nil {
			x = s.X[i]
		}
		if !math.IsNaN(x+y) && !math.IsInf(x+y, 0) {
			points = append(points, plotter.XY{X: x, Y: y})
		}
	}
	return points
}

// runningMean returns the mean of the finite values among each value and up to window−1 before it.
func runningMean(values []float64, window int) []float64 {
	means := make([]float64, len(values))
	for i := range values {
		sum, n := 0.0, 0
		for _, v := range values[max(0, i-window+1) : i+1] {
			if !math.IsNaN(v) && !math.IsInf(v, 0) {
				sum += v
				n++
			}
		}
		means[i] = sum / float64(n) // NaN, which is not drawn, if there is no finite value
	}
	return means
}

// newPlot returns an empty plot in the project's style.
func newPlot(title, xLabel, yLabel string) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, xLabel, yLabel
	p.Title.TextStyle.Font.Size, p.Title.Padding = 12, 6
	p.X.Label.TextStyle.Font.Size, p.Y.Label.TextStyle.Font.Size = 10, 10
	p.X.Tick.Label.Font.Size, p.Y.Tick.Label.Font.Size = 9, 9
	p.Legend.TextStyle.Font.Size = 10
	for _, style := range []*draw.TextStyle{
		&p.Title.TextStyle, &p.X.Label.TextStyle, &p.Y.Label.TextStyle,
		&p.X.Tick.Label, &p.Y.Tick.Label, &p.Legend.TextStyle,
	} {
		style.Font.Variant = "Sans"
	}
	p.X.Tick.Marker, p.Y.Tick.Marker = roundTicks{}, roundTicks{}
	p.Legend.Top = true
	p.Legend.ThumbnailWidth, p.Legend.Padding = 18, 3
	p.Legend.XOffs, p.Legend.YOffs = -6, -4
	grid := plotter.NewGrid()
	rule := draw.LineStyle{Color: color.Gray{Y: 0xdd}, Width: 0.7}
	grid.Horizontal, grid.Vertical = rule, rule
	p.Add(grid)
	return p
}

const dpi = 96

// render draws a plot with a margin around it.
func render(p *plot.Plot, width, height int) image.Image {
	canvas := vgimg.NewWith(
		vgimg.UseWH(vg.Length(width)*vg.Inch/dpi, vg.Length(height)*vg.Inch/dpi),
		vgimg.UseDPI(dpi),
	)
	const margin = 8
	p.Draw(draw.Crop(draw.New(canvas), margin, -margin, margin, -margin))
	return reduce(canvas.Image())
}

// lineColor returns the i-th of ten distinct colors.
func lineColor(i int) color.RGBA {
	colors := [...]color.RGBA{
		{0x1f, 0x77, 0xb4, 255}, {0xff, 0x7f, 0x0e, 255}, {0x2c, 0xa0, 0x2c, 255}, {0xd6, 0x27, 0x28, 255}, {0x94, 0x67, 0xbd, 255},
		{0x8c, 0x56, 0x4b, 255}, {0xe3, 0x77, 0xc2, 255}, {0x7f, 0x7f, 0x7f, 255}, {0xbc, 0xbd, 0x22, 255}, {0x17, 0xbe, 0xcf, 255},
	}
	return colors[i%len(colors)]
}

// fade mixes a color with white.
func fade(c color.RGBA) color.RGBA {
	mix := func(v uint8) uint8 { return uint8((int(v) + 2*255) / 3) }
	return color.RGBA{mix(c.R), mix(c.G), mix(c.B), 255}
}

func orDefault(v, fallback int) int {
	if v <= 0 {
		return fallback
	}
	return v
}
