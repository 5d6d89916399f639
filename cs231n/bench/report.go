package bench

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
)

// Report is all that a run measured.
type Report struct {
	Device      string       `json:"device"`
	Threads     int          `json:"threads"`
	Rounds      int          `json:"rounds"`
	Peaks       []NamedPeak  `json:"matmul"`
	Comparisons []Comparison `json:"models"`
}

// NamedPeak says whose rate it is.
type NamedPeak struct {
	Name string `json:"name"`
	Peak
}

// Peak is the best rate that matrix products reached in this run, whoever computed them; 0 if none did.
func (r Report) Peak() float64 {
	best := 0.0
	for _, p := range r.Peaks {
		best = max(best, p.GFLOPs)
	}
	return best
}

// JSON is the report as a file holds it.
func (r Report) JSON() ([]byte, error) {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	return append(data, '\n'), nil
}

// Markdown is the report as tables.
func (r Report) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Medians of %d rounds by turns on %s, %d threads.\n\n", r.Rounds, r.Device, r.Threads)
	header := []string{"Model", "Rival", "Ours ms", "Theirs ms", "Ours / theirs", "Spread", "First step s", "Peak MiB", "GFLOP/s", "Of peak"}
	writeTable(&b, header, r.stepRows())
	for _, p := range r.Peaks {
		fmt.Fprintf(&b, "\nProducts of 2048×2048 matrices, %s: %.0f GFLOP/s.", p.Name, p.GFLOPs)
	}
	b.WriteString("\n")
	return b.String()
}

// stepRows has a row for each model and rival.
func (r Report) stepRows() [][]string {
	var rows [][]string
	for _, c := range r.Comparisons {
		ours := medians(c.Ours)
		for _, v := range c.Rivals {
			theirs, quotient := medians(v.Timings), ratio(c.Ours, v.Timings)
			rate := c.GFLOP / ours.Median * 1e3
			rows = append(rows, []string{
				c.Model, v.Name, number(ours.Median), number(theirs.Median),
				number(quotient.Median), number(quotient.Min) + "–" + number(quotient.Max),
				number(ours.First / 1e3), fmt.Sprintf("%.0f / %s", ours.PeakRSS, number(theirs.PeakRSS)),
				fmt.Sprintf("%.0f", rate), percent(rate / r.Peak()),
			})
		}
	}
	return rows
}

// medians takes the median of each value; without timings all are NaN.
func medians(timings []Timing) Timing {
	if len(timings) == 0 {
		nan := math.NaN()
		return Timing{Median: nan, First: nan, PeakRSS: nan}
	}
	of := func(value func(Timing) float64) float64 {
		var all []float64
		for _, t := range timings {
			all = append(all, value(t))
		}
		return median(all)
	}
	return Timing{
		Median:  of(func(t Timing) float64 { return t.Median }),
		First:   of(func(t Timing) float64 { return t.First }),
		PeakRSS: of(func(t Timing) float64 { return t.PeakRSS }),
	}
}

// writeTable writes a table in Markdown.
func writeTable(b *strings.Builder, header []string, rows [][]string) {
	line := func(cells []string) { fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | ")) }
	line(header)
	rule := make([]string, len(header))
	for i := range rule {
		rule[i] = "---"
	}
	line(rule)
	for _, row := range rows {
		line(row)
	}
}

// number prints three digits, as many as timings are good for; what was not measured is a dash.
func number(x float64) string {
	switch {
	case math.IsNaN(x):
		return "–"
	case math.Abs(x) >= 100:
		return fmt.Sprintf("%.0f", x)
	case math.Abs(x) >= 10:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.2f", x)
}

func percent(x float64) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return "–"
	}
	return fmt.Sprintf("%.0f%%", 100*x)
}
