package bench

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"
)

// Comparison holds the timings of a model and its rivals, one per round.
type Comparison struct {
	Model  string   `json:"model"`
	GFLOP  float64  `json:"gflop"` // 10⁹ operations per step; see [Task.FLOPs]
	Ours   []Timing `json:"ours"`
	Rivals []Rival  `json:"rivals"`
}

// Ratio is our time divided by a rival's.
type Ratio struct{ Median, Min, Max float64 }

// ratio compares the medians of each round, whose processes ran in succession.
func ratio(ours, theirs []Timing) Ratio {
	var all []float64
	for i, t := range theirs {
		all = append(all, ours[i].Median/t.Median)
	}
	if len(all) == 0 {
		return Ratio{math.NaN(), math.NaN(), math.NaN()}
	}
	return Ratio{median(all), slices.Min(all), slices.Max(all)}
}

// Compare times models and their rivals alternately for a number of rounds. A rival that fails is skipped in later rounds.
// Its error is in the result.
func (r Runner) Compare(ctx context.Context, models []string, rounds int) ([]Comparison, error) {
	// torch.compile keeps its programs on disk. In a new folder, it compiles them in the first round.
	cache, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	defer os.RemoveAll(cache)
	r.env = []string{"TORCHINDUCTOR_CACHE_DIR=" + cache}
	var comparisons []Comparison
	var tasks []Task
	for _, model := range models {
		task, err := r.task(model)
		if err != nil {
			return nil, err
		}
		rivals, err := r.rivals(ctx, task)
		if err != nil {
			return nil, err
		}
		tasks = append(tasks, task)
		comparisons = append(comparisons, Comparison{Model: model, GFLOP: task.FLOPs() / 1e9, Rivals: rivals})
	}
	for round := range rounds {
		for i := range comparisons {
			c := &comparisons[i]
			fmt.Fprintf(r.Log, "round %d of %d: %s\n", round+1, rounds, c.Model)
			t, err := r.ours(ctx, tasks[i])
			if err != nil {
				return nil, err
			}
			c.Ours = append(c.Ours, t)
			for j := range c.Rivals {
				if err := c.Rivals[j].runOnce(ctx, r); err != nil {
					return nil, err
				}
			}
		}
	}
	return comparisons, nil
}

// fastest returns the rival with the smallest median over all rounds, or one without timings if all failed.
func (c Comparison) fastest() Rival {
	best := Rival{Name: "–"}
	for _, v := range c.Rivals {
		if len(v.Timings) > 0 && (best.Timings == nil || medians(v.Timings).Median < medians(best.Timings).Median) {
			best = v
		}
	}
	return best
}

// rival returns the rival of the given name, or one without timings.
func (c Comparison) rival(name string) Rival {
	for _, v := range c.Rivals {
		if v.Name == name {
			return v
		}
	}
	return Rival{Name: name}
}

// Peaks measures the rate of large matrix products in XLA and PyTorch.
func (r Runner) Peaks(ctx context.Context) ([]NamedPeak, error) {
	fmt.Fprintln(r.Log, "large matrix products")
	ours, theirs := NamedPeak{Name: "XLA"}, NamedPeak{Name: "PyTorch"}
	if err := r.run(ctx, &ours, "ours", r.Self, "matmul"); err != nil {
		return nil, err
	}
	if err := r.python(ctx, &theirs, "PyTorch", torch(), "cs231n/bench/testdata/bench_matmul.py", "--threads", threads()); err != nil {
		fmt.Fprintf(r.Log, "  PyTorch is skipped: %v\n", err)
		return []NamedPeak{ours}, ctx.Err()
	}
	return []NamedPeak{ours, theirs}, nil
}
