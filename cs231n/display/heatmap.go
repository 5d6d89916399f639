package display

import (
	"fmt"
	"image"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
)

// A Heatmap draws a matrix as squares, white for 0 and dark for the largest value, such as attention weights.
type Heatmap struct {
	Title   string
	Rows    []string    // labels, from top to bottom; empty means none
	Columns []string    // labels, from left to right; empty means none
	Values  [][]float64 // rows from top to bottom; finite and not negative
	Side    int         // side of a square in pixels; 0 means 22
}

// shades is a palette from white to dark blue.
type shades struct{}

// Colors returns colors that reduce does not change.
func (shades) Colors() []color.Color {
	var colors []color.Color
	for _, rgb := range []int{
		0xfff, 0xeef, 0xdef, 0xcdf, 0xbce, 0xabe, 0x9ad, 0x89d, 0x78c, 0x67c, 0x56b, 0x45a, 0x349, 0x238, 0x127, 0x016,
	} {
		colors = append(colors, color.RGBA{uint8(rgb >> 8 * 17), uint8(rgb >> 4 & 15 * 17), uint8(rgb & 15 * 17), 255})
	}
	return colors
}

// matrix implements gonum's [plotter.GridXYZ], whose rows count from the bottom.
type matrix [][]float64

func (m matrix) Dims() (columns, rows int) { return len(m[0]), len(m) }
func (m matrix) X(column int) float64      { return float64(column) }
func (m matrix) Y(row int) float64         { return float64(row) }
func (m matrix) Z(column, row int) float64 { return m[len(m)-1-row][column] }

// Image draws the heat map. It returns an error if the values are not a matrix of finite numbers ≥ 0, or if the number of
// labels is wrong.
func (h Heatmap) Image() (image.Image, error) {
	if len(h.Values) == 0 || len(h.Values[0]) == 0 {
		return nil, fmt.Errorf("display: Heatmap %q has no values", h.Title)
	}
	rows, columns, largest := len(h.Values), len(h.Values[0]), 0.0
	for i, row := range h.Values {
		if len(row) != columns {
			return nil, fmt.Errorf("display: Heatmap %q: row %d has %d values, want %d as in row 0", h.Title, i, len(row), columns)
		}
		for _, v := range row {
			if !(v >= 0) || math.IsInf(v, 0) {
				return nil, fmt.Errorf("display: Heatmap %q: row %d has the value %g; all values must be finite and not negative", h.Title, i, v)
			}
			largest = math.Max(largest, v)
		}
	}
	for _, l := range []struct {
		axis   string
		labels []string
		want   int
	}{{"rows", h.Rows, rows}, {"columns", h.Columns, columns}} {
		if len(l.labels) != 0 && len(l.labels) != l.want {
			return nil, fmt.Errorf("display: Heatmap %q has %d labels for %d %s", h.Title, len(l.labels), l.want, l.axis)
		}
	}
	p := plot.New()
	p.Title.Text = h.Title
	p.Title.TextStyle.Font.Size, p.Title.Padding = 11, 4
	p.X.Tick.Label.Font.Size, p.Y.Tick.Label.Font.Size = 9, 9
	p.Title.TextStyle.Font.Variant, p.X.Tick.Label.Font.Variant, p.Y.Tick.Label.Font.Variant = "Sans", "Sans", "Sans"
	p.X.Tick.Label.Rotation, p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = math.Pi/2, text.XRight, text.YCenter
	p.X.Tick.Length, p.Y.Tick.Length, p.X.LineStyle.Width, p.Y.LineStyle.Width = 0, 0, 0, 0
	p.X.Tick.Marker, p.Y.Tick.Marker = labels(h.Columns), labels(reversed(h.Rows))
	grid := plotter.NewHeatMap(matrix(h.Values), shades{})
	grid.Min, grid.Max = 0, math.Max(largest, math.SmallestNonzeroFloat64)
	p.Add(grid)

	// Space for the squares, the title and the longest labels.
	side, letter := orDefault(h.Side, 22), 6
	width := columns*side + longest(h.Rows)*letter + 30
	height := rows*side + longest(h.Columns)*letter + 50
	return render(p, width, height), nil
}

// labels are the labels of the ticks 0, 1, 2, …
type labels []string

func (l labels) Ticks(float64, float64) []plot.Tick {
	ticks := make([]plot.Tick, len(l))
	for i, name := range l {
		ticks[i] = plot.Tick{Value: float64(i), Label: name}
	}
	return ticks
}

func reversed(names []string) []string {
	r := make([]string, len(names))
	for i, name := range names {
		r[len(names)-1-i] = name
	}
	return r
}

func longest(names []string) int {
	n := 0
	for _, name := range names {
		n = max(n, len(name))
	}
	return n
}
