package display

import (
	"fmt"
	"image"
	"math"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// Bars is a bar chart with groups, such as the times of several programs for each of several models. A NaN leaves a gap.
type Bars struct {
	Title  string
	YLabel string
	Groups []string // labels of the groups, from left to right
	Series []Series // each has one bar in every group; X is not used

	// Width and Height are in pixels; 0 means 640 and 400.
	Width, Height int
}

// Image draws the chart. It returns an error if there are no groups or series, or if a series does not have one value for
// each group.
func (b Bars) Image() (image.Image, error) {
	if len(b.Groups) == 0 || len(b.Series) == 0 {
		return nil, fmt.Errorf("display: Bars %q has no groups or no series", b.Title)
	}
	p := newPlot(b.Title, "", b.YLabel)
	width, height := orDefault(b.Width, 640), orDefault(b.Height, 400)
	const filled = 0.6 // of the width
	bar := vg.Points(filled * float64(width) * 72 / dpi / float64(len(b.Groups)*len(b.Series)))
	for i, s := range b.Series {
		if len(s.Y) != len(b.Groups) {
			return nil, fmt.Errorf("display: Bars %q: series %q has %d values for %d groups", b.Title, s.Name, len(s.Y), len(b.Groups))
		}
		heights := make(plotter.Values, len(s.Y))
		for j, y := range s.Y {
			if !math.IsNaN(y) {
				heights[j] = y // gonum does not accept NaN
			}
		}
		chart, err := plotter.NewBarChart(heights, bar)
		if err != nil {
			return nil, fmt.Errorf("display: Bars %q: series %q: %w", b.Title, s.Name, err)
		}
		chart.Color, chart.LineStyle.Width = lineColor(i), 0
		chart.Offset = bar * vg.Length(float64(i)-float64(len(b.Series)-1)/2)
		p.Add(chart)
		if s.Name != "" {
			p.Legend.Add(s.Name, chart)
		}
	}
	p.NominalX(b.Groups...)
	// The legend must not cover a bar, so all bars end below it.
	const line, around = 17, 70 // pixels: a line of the legend, and the space above and below the bars
	p.Y.Max /= 1 - min(0.5, line*float64(len(b.Series))/float64(height-around))
	return render(p, width, height), nil
}
