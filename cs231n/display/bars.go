package display

import (
	"fmt"
	"image"
	"math"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// Bars is a chart of bars in groups, such as the times of several programs for each of some models. A value that is NaN
// leaves no bar.
type Bars struct {
	Title  string
	YLabel string
	Groups []string // labels below the groups, from the left
	Series []Series // one bar of each in every group; their X is not used

	// Width and Height are in pixels; 0 means 640 and 400.
	Width, Height int
}

// Image draws the chart. It fails if there is nothing to draw or if a series has not one value for each group.
func (b Bars) Image() (image.Image, error) {
	if len(b.Groups) == 0 || len(b.Series) == 0 {
		return nil, fmt.Errorf("display: Bars %q has no groups or no series", b.Title)
	}
	p := newPaper(b.Title, "", b.YLabel)
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
				heights[j] = y // gonum refuses NaN; 0 is no bar
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
	// A bar may stand anywhere, so all of them end below the legend.
	const line, around = 17, 70 // pixels: a line of the legend, and what is above and below the bars
	p.Y.Max /= 1 - min(0.5, line*float64(len(b.Series))/float64(height-around))
	return render(p, width, height), nil
}
