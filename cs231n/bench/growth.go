package bench

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"time"

	"github.com/gomlx/compute"

	"github.com/cs231n-go/assignment3/cs231n/coco"
)

// Growth holds times for several values of one size. The other sizes are fixed.
type Growth struct {
	Model  string  `json:"model"`
	Size   string  `json:"size"` // name of the size
	Points []Point `json:"points"`
}

// Point is one value of a size with its time.
type Point struct {
	Value int     `json:"value"`
	Ms    float64 `json:"ms"`
	Work  float64 `json:"work"` // operations of a step (see [Task.FLOPs]), or rows that are loaded
}

// axis is a size that varies.
type axis struct {
	model, size string
	values      []int
	set         func(t *Task, value int)
}

func axes() []axis {
	batch := func(t *Task, v int) { t.Batch = v }
	length := func(t *Task, v int) { t.T = v }
	batches, lengths := []int{32, 64, 128, 256, 512}, []int{8, 16, 32, 64}
	return []axis{
		{"lstm", "batch", batches, batch},
		{"lstm", "T", lengths, length},
		{"lstm", "H", []int{128, 256, 512, 1024}, func(t *Task, v int) { t.H = v }},
		{"lstm", "V", []int{1 << 10, 1 << 12, 1 << 14, 1 << 15}, func(t *Task, v int) { t.V = v }},
		{"transformer", "batch", batches, batch},
		{"transformer", "T", lengths, length},
		{Sample, "words", []int{30, 60, 120, 240}, length},
	}
}

// Grow measures the growth along all axes on a backend. log receives a line for each point.
func Grow(ctx context.Context, backend compute.Backend, log io.Writer) ([]Growth, error) {
	var all []Growth
	for _, a := range axes() {
		g := Growth{Model: a.model, Size: a.size}
		for _, value := range a.values {
			task, err := NewTask(a.model)
			if err != nil {
				return nil, err
			}
			a.set(&task, value)
			task.Iters = 3
			timing, err := task.Run(ctx, backend)
			if err != nil {
				return nil, err
			}
			// The minimum is least affected by other processes.
			g.add(log, Point{value, timing.Min, task.FLOPs()})
		}
		all = append(all, g)
	}
	loading, err := growLoading(ctx, log)
	return append(all, loading), err
}

func (g *Growth) add(log io.Writer, p Point) {
	fmt.Fprintf(log, "  %s, %s = %d: %.1f ms\n", g.Model, g.Size, p.Value, p.Ms)
	g.Points = append(g.Points, p)
}

// growLoading times coco.Load for data sets of increasing size, with five captions per image.
func growLoading(ctx context.Context, log io.Writer) (g Growth, err error) {
	g = Growth{Model: "coco.Load", Size: "rows"}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return g, fmt.Errorf("bench: %w", err)
	}
	defer os.RemoveAll(dir)
	for _, images := range []int{2000, 4000, 8000, 16000} {
		if err := ctx.Err(); err != nil {
			return g, err
		}
		captions := 5 * images
		if err := coco.Write(dir, randomData(Assignment(), images, captions)); err != nil {
			return g, fmt.Errorf("bench: %w", err)
		}
		best := math.Inf(1)
		for range 5 {
			runtime.GC() // do not time the collection of earlier garbage
			begin := time.Now()
			if _, err := coco.Load(dir, coco.Options{}); err != nil {
				return g, fmt.Errorf("bench: %w", err)
			}
			best = min(best, time.Since(begin).Seconds()*1e3)
		}
		g.add(log, Point{captions, best, float64(captions)})
	}
	return g, nil
}

// growthRows has a row for each point, with the ratios of its work and time to those of the previous point.
func growthRows(all []Growth) [][]string {
	var rows [][]string
	for _, g := range all {
		for i, p := range g.Points {
			work, duration := math.NaN(), math.NaN()
			if i > 0 {
				previous := g.Points[i-1]
				work, duration = p.Work/previous.Work, p.Ms/previous.Ms
			}
			rows = append(rows, []string{g.Model, g.Size, fmt.Sprint(p.Value), number(p.Ms), number(work), number(duration)})
		}
	}
	return rows
}

// Growth runs [Grow] in a new process.
func (r Runner) Growth(ctx context.Context) (all []Growth, err error) {
	fmt.Fprintln(r.Log, "growth of time with sizes")
	err = r.run(ctx, &all, "growth", r.Self, "growth")
	return all, err
}
