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

// GrowthChart draws time against work, both relative to the first point, on logarithmic axes: training steps on the left,
// everything else on the right. A line that is never steeper than the diagonal grows at most linearly.
func (r Report) GrowthChart() (image.Image, error) {
	var panels []image.Image
	for _, curve := range r.growthCurves() {
		panel, err := curve.Image()
		if err != nil {
			return nil, err
		}
		panels = append(panels, panel)
	}
	return display.Row(panels...), nil
}

func (r Report) growthCurves() []display.Curve {
	growth := r.Growth
	if r.COCO != nil && len(r.COCO.Loading) > 0 {
		growth = append(slices.Clone(growth), r.COCO.growth())
	}
	steps := display.Curve{Title: "Training steps: time against work, first = 1"}
	rest := display.Curve{Title: "Sampling, scores, loading"}
	for _, g := range growth {
		s := display.Series{Name: fmt.Sprintf("%s, %s", g.Model, g.Size)}
		for _, p := range g.Points {
			s.X = append(s.X, p.Work/g.Points[0].Work)
			s.Y = append(s.Y, p.Ms/g.Points[0].Ms)
		}
		if slices.Contains(Models(), g.Model) && g.Model != Sample {
			steps.Series = append(steps.Series, s)
		} else {
			rest.Series = append(rest.Series, s)
		}
	}
	var curves []display.Curve
	for _, c := range []display.Curve{steps, rest} {
		if len(c.Series) == 0 {
			continue
		}
		largest := 1.0
		for _, s := range c.Series {
			largest = max(largest, slices.Max(s.X))
		}
		linear := display.Series{Name: "linear", X: []float64{1, largest}, Y: []float64{1, largest}}
		c.Series = append([]display.Series{linear}, c.Series...)
		c.XLabel, c.YLabel, c.Log, c.Width, c.Height = "work", "time", true, 500, 460
		curves = append(curves, c)
	}
	return curves
}
