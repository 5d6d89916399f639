package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"time"

	"github.com/gomlx/compute"

	"github.com/cs231n-go/assignment3/cs231n/metrics"
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
	Work  float64 `json:"work"` // operations of a step (see [Task.FLOPs]), or captions that are scored or loaded
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
		{"gan", "batch", []int{128, 256, 512, 1024, 2048}, batch},
		{"dcgan", "batch", []int{128, 256, 512, 1024, 2048}, batch},
		{"lstm", "batch", batches, batch},
		{"lstm", "T", lengths, length},
		{"lstm", "H", []int{128, 256, 512, 1024}, func(t *Task, v int) { t.H = v }},
		{"lstm", "V", []int{1 << 10, 1 << 12, 1 << 14, 1 << 15}, func(t *Task, v int) { t.V = v }},
		{"transformer", "batch", batches, batch},
		{"transformer", "T", lengths, length},
		{Sample, "words", []int{30, 60, 120, 240}, length},
	}
}

// scores stands for the scores of captions among the models.
const scores = "scores"

// GrowthModels lists what [Grow] can measure.
func GrowthModels() []string {
	var models []string
	for _, a := range axes() {
		models = append(models, a.model)
	}
	return append(slices.Compact(models), scores)
}

// Grow measures the growth of a model's steps along its axes on a backend. log receives a line for each point.
func Grow(ctx context.Context, backend compute.Backend, model string, log io.Writer) ([]Growth, error) {
	if model == scores {
		return growScores(ctx, log, 5000, 10_000, 20_000, 40_000)
	}
	var all []Growth
	for _, a := range axes() {
		if a.model != model {
			continue
		}
		task, err := NewTask(model)
		if err != nil {
			return nil, err
		}
		g := Growth{Model: model, Size: a.size}
		err = g.measure(2, a.values, log, func(value int) (ms, work float64, err error) {
			a.set(&task, value)
			work = task.FLOPs()
			const enough = 5e10 // operations, about half a second
			task.Iters, task.warmUp = max(2, int(enough/work)), 1
			timing, err := task.Run(ctx, backend)
			return timing.Min, work, err
		})
		if err != nil {
			return nil, err
		}
		all = append(all, g)
	}
	return all, nil
}

// measure measures all values in turn for a number of rounds, so that a slow minute of the machine affects all of them. It
// keeps the minimum of each, which is least affected by other processes.
func (g *Growth) measure(rounds int, values []int, log io.Writer, measure func(value int) (ms, work float64, err error)) error {
	g.Points = make([]Point, len(values))
	for round := range rounds {
		for i, value := range values {
			ms, work, err := measure(value)
			if err != nil {
				return err
			}
			fmt.Fprintf(log, "  %s, %s = %d: %.1f ms\n", g.Model, g.Size, value, ms)
			if round == 0 || ms < g.Points[i].Ms {
				g.Points[i] = Point{value, ms, work}
			}
		}
	}
	return nil
}

// growScores times the scores of captions for increasing numbers of images, with five references for each.
func growScores(ctx context.Context, log io.Writer, images ...int) ([]Growth, error) {
	const mostWords, rounds = 15, 3
	candidates, references := newLanguage(Assignment().V).corpus(slices.Max(images), mostWords)
	bleu := func(candidates []metrics.Caption, references [][]metrics.Caption) (float64, []float64, error) {
		s, err := metrics.BLEU(candidates, references)
		return s.BLEU[0], nil, err
	}
	var all []Growth
	for _, metric := range []struct {
		name  string
		score func(candidates []metrics.Caption, references [][]metrics.Caption) (float64, []float64, error)
	}{{"BLEU", bleu}, {"CIDEr-D", metrics.CIDErD}, {"ROUGE-L", metrics.ROUGEL}} {
		g := Growth{Model: metric.name, Size: "captions"}
		err := g.measure(rounds, images, log, func(n int) (ms, work float64, err error) {
			runtime.GC() // do not time the collection of earlier garbage
			begin := time.Now()
			_, _, err = metric.score(candidates[:n], references[:n])
			return time.Since(begin).Seconds() * 1e3, float64(n), errors.Join(err, ctx.Err())
		})
		if err != nil {
			return nil, fmt.Errorf("bench: %w", err)
		}
		all = append(all, g)
	}
	return all, nil
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

// Growth runs [Grow] for all models, each in a new process. With an error it returns what it measured before.
func (r Runner) Growth(ctx context.Context) (all []Growth, err error) {
	fmt.Fprintln(r.Log, "growth of time with sizes")
	for _, model := range GrowthModels() {
		var growth []Growth
		if err := r.run(ctx, &growth, model, r.Self, "growth", model); err != nil {
			return all, err
		}
		all = append(all, growth...)
	}
	return all, nil
}
