package bench

import (
	"fmt"
	"image"
	"slices"

	"github.com/cs231n-go/assignment3/cs231n/display"
)

// StepChart draws the steps per second of rivals divided by ours, the ratios of the tables. Rivals below 1 are slower.
func (r Report) StepChart() (image.Image, error) { return r.stepBars().Image() }

func (r Report) stepBars() display.Bars {
	chart := display.Bars{Title: "Steps per second, ours = 1", YLabel: "theirs / ours", Width: 1000}
	for _, c := range r.Comparisons {
		chart.Groups = append(chart.Groups, c.Model)
	}
	chart.Series = []display.Series{{Name: "ours", Y: slices.Repeat([]float64{1}, len(chart.Groups))}}
	for _, name := range r.rivals() {
		if name == numPy64 {
			continue // one series for each library
		}
		s := display.Series{Name: name}
		for _, c := range r.Comparisons {
			s.Y = append(s.Y, ratio(c.Ours, c.rival(name).Timings).Median)
		}
		chart.Series = append(chart.Series, s)
	}
	return chart
}

// GrowthChart draws time against work, both relative to the first point, on logarithmic axes. A line that is never steeper
// than the diagonal grows at most linearly.
func (r Report) GrowthChart() (image.Image, error) { return r.growthCurve().Image() }

func (r Report) growthCurve() display.Curve {
	chart := display.Curve{Title: "Time against work, first = 1", XLabel: "work", YLabel: "time", Log: true, Width: 760, Height: 560}
	largest := 1.0
	for _, g := range r.Growth {
		s := display.Series{Name: fmt.Sprintf("%s, %s", g.Model, g.Size)}
		for _, p := range g.Points {
			s.X = append(s.X, p.Work/g.Points[0].Work)
			s.Y = append(s.Y, p.Ms/g.Points[0].Ms)
			largest = max(largest, p.Work/g.Points[0].Work)
		}
		chart.Series = append(chart.Series, s)
	}
	chart.Series = append(chart.Series, display.Series{Name: "linear", X: []float64{1, largest}, Y: []float64{1, largest}})
	return chart
}
