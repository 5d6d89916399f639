package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cs231n-go/assignment3/cs231n/atomicfile"
	"github.com/cs231n-go/assignment3/cs231n/display"
)

// Report holds all results of a run.
type Report struct {
	Threads     int          `json:"threads"`
	Rounds      int          `json:"rounds"`
	Peaks       []NamedPeak  `json:"matmul"`
	Comparisons []Comparison `json:"models"`
	Growth      []Growth     `json:"growth,omitempty"`
	COCO        *COCO        `json:"coco,omitempty"`
	Cells       []Cells      `json:"cells,omitempty"`
}

// NamedPeak is the peak of a library.
type NamedPeak struct {
	Name string `json:"name"`
	Peak
}

// Peak returns the highest rate of matrix products in this run, or 0 if none was measured.
func (r Report) Peak() float64 {
	best := 0.0
	for _, p := range r.Peaks {
		best = max(best, p.GFLOPs)
	}
	return best
}

// Empty reports whether nothing was measured.
func (r Report) Empty() bool { return len(r.Comparisons)+len(r.Growth)+len(r.Cells) == 0 }

// Keep adds the results of an earlier report for models and parts that this one does not have.
func (r *Report) Keep(earlier Report) {
	for _, c := range earlier.Comparisons {
		if !slices.ContainsFunc(r.Comparisons, func(mine Comparison) bool { return mine.Model == c.Model }) {
			r.Comparisons = append(r.Comparisons, c)
		}
	}
	slices.SortStableFunc(r.Comparisons, func(a, b Comparison) int {
		return slices.Index(Models(), a.Model) - slices.Index(Models(), b.Model)
	})
	if r.Peaks == nil {
		r.Peaks = earlier.Peaks
	}
	if r.Growth == nil {
		r.Growth = earlier.Growth
	}
	if r.COCO == nil {
		r.COCO = earlier.COCO
	}
	if r.Cells == nil {
		r.Cells = earlier.Cells
	}
}

// Load reads bench.json from dir.
func Load(dir string) (report Report, err error) {
	data, err := os.ReadFile(filepath.Join(dir, "bench.json"))
	if err == nil {
		err = json.Unmarshal(data, &report)
	}
	if err != nil {
		return Report{}, fmt.Errorf("bench: cannot read earlier results: %w", err)
	}
	return report, nil
}

// Save writes bench.json, bench.md and the charts steps.png and growth.png into dir. If images is not empty, it copies the
// charts into that folder, as bench_steps.png and bench_growth.png.
func (r Report) Save(dir, images string) error {
	data, err := r.JSON()
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{"bench.json": data, "bench.md": []byte(r.Markdown())} {
		if err := atomicfile.WriteBytes(filepath.Join(dir, name), content); err != nil {
			return fmt.Errorf("bench: %w", err)
		}
	}
	for name, draw := range map[string]func() (image.Image, error){"steps.png": r.StepChart, "growth.png": r.GrowthChart} {
		if name == "steps.png" && len(r.Comparisons) == 0 || name == "growth.png" && len(r.Growth) == 0 {
			continue
		}
		chart, drawErr := draw()
		if drawErr != nil {
			err = errors.Join(err, drawErr)
			continue
		}
		err = errors.Join(err, display.SavePNG(filepath.Join(dir, name), chart))
		if images != "" {
			err = errors.Join(err, display.SavePNG(filepath.Join(images, "bench_"+name), chart))
		}
	}
	return err
}

// JSON returns the report as indented JSON.
func (r Report) JSON() ([]byte, error) {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	return append(data, '\n'), nil
}

// Markdown returns the report as Markdown tables.
func (r Report) Markdown() string {
	var b strings.Builder
	if len(r.Comparisons) > 0 {
		r.writeSteps(&b)
	}
	if len(r.Growth) > 0 {
		b.WriteString("\nGrowth of time. The last two columns are the ratios of work and time to the row above.\n\n")
		writeTable(&b, []string{"Model", "Size", "Value", "ms", "Work", "Time"}, growthRows(r.Growth))
	}
	if r.COCO != nil {
		r.COCO.write(&b)
	}
	if len(r.Cells) > 0 {
		b.WriteString("\nSeconds per cell, without cells that train.\n\n")
		writeTable(&b, []string{"Notebook", "Kernel", "Cells", "Median, s", "90% within", "Again, median"}, cellRows(r.Cells))
	}
	return b.String()
}

func (r Report) writeSteps(b *strings.Builder) {
	fmt.Fprintf(b, "Medians of %d alternating rounds, %d threads.\n\n", r.Rounds, r.Threads)
	header := []string{"Model", "Fastest rival", "Ours ms", "Theirs ms", "Ours / theirs", "Range", "Peak MiB", "GFLOP/s", "Of peak"}
	writeTable(b, header, r.stepRows())
	b.WriteString("\nMilliseconds per step, and seconds until the first step ends.\n\n")
	header = append([]string{"Model", "Ours"}, r.rivals()...)
	writeTable(b, header, r.rivalRows())
	for _, c := range r.Comparisons {
		for _, v := range c.Rivals {
			if v.Failure != "" {
				fmt.Fprintf(b, "\n%s failed on %s: %s.\n", v.Name, c.Model, v.Failure)
			}
		}
	}
	b.WriteString("\n")
	for _, p := range r.Peaks {
		fmt.Fprintf(b, "Products of 2048×2048 matrices, %s on %s: %.0f GFLOP/s.\n", p.Name, p.Device, p.GFLOPs)
	}
}

// stepRows has a row for each model, with its fastest rival.
func (r Report) stepRows() [][]string {
	var rows [][]string
	for _, c := range r.Comparisons {
		fastest := c.fastest()
		ours, theirs, quotient := medians(c.Ours), medians(fastest.Timings), ratio(c.Ours, fastest.Timings)
		rate := c.GFLOP / ours.Median * 1e3
		rows = append(rows, []string{
			c.Model, fastest.Name, number(ours.Median), number(theirs.Median),
			number(quotient.Median), number(quotient.Min) + " to " + number(quotient.Max),
			fmt.Sprintf("%.0f / %s", ours.PeakRSS, number(theirs.PeakRSS)), fmt.Sprintf("%.0f", rate), percent(rate / r.Peak()),
		})
	}
	return rows
}

// rivals lists the names of the rivals in the report.
func (r Report) rivals() []string {
	return slices.DeleteFunc(rivalNames(), func(name string) bool {
		return !slices.ContainsFunc(r.Comparisons, func(c Comparison) bool { return c.rival(name).Timings != nil })
	})
}

// rivalRows has a row for each model, with the times of all rivals.
func (r Report) rivalRows() [][]string {
	cell := func(timings []Timing) string {
		if len(timings) == 0 {
			return "–"
		}
		m := medians(timings)
		return fmt.Sprintf("%s, %s s", number(m.Median), number(m.First/1e3))
	}
	var rows [][]string
	for _, c := range r.Comparisons {
		row := []string{c.Model, cell(c.Ours)}
		for _, name := range r.rivals() {
			row = append(row, cell(c.rival(name).Timings))
		}
		rows = append(rows, row)
	}
	return rows
}

// medians returns the median of each value, or NaN without timings. For the first step it returns the longest, because
// torch.compile compiles in the first round only.
func medians(timings []Timing) Timing {
	if len(timings) == 0 {
		nan := math.NaN()
		return Timing{Median: nan, First: nan, PeakRSS: nan}
	}
	of := func(value func(Timing) float64) []float64 {
		var all []float64
		for _, t := range timings {
			all = append(all, value(t))
		}
		return all
	}
	return Timing{
		Median:  median(of(func(t Timing) float64 { return t.Median })),
		First:   slices.Max(of(func(t Timing) float64 { return t.First })),
		PeakRSS: median(of(func(t Timing) float64 { return t.PeakRSS })),
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

// number formats x with three significant digits, and NaN as a dash.
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
