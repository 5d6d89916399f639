package bench

import (
	"context"
	"fmt"
	"math"
	"slices"
)

// Comparison holds the timings of a model and its rivals, one per round.
type Comparison struct {
	Model  string   `json:"model"`
	GFLOP  float64  `json:"gflop"` // 10⁹ operations per step; see [Task.FLOPs]
	Ours   []Timing `json:"ours"`
	Rivals []Rival  `json:"rivals"`
}

// Rival is another program that trains the same model.
type Rival struct {
	Name    string   `json:"name"`
	Timings []Timing `json:"timings"`
	Failure string   `json:"failure,omitempty"` // error that ended its timings

	run func(ctx context.Context) (Timing, error)
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

// runOnce runs a rival once. It returns an error only if the context is canceled.
func (v *Rival) runOnce(ctx context.Context, r Runner) error {
	if v.Failure != "" {
		return nil
	}
	t, err := v.run(ctx)
	if err != nil {
		v.Failure = err.Error()
		fmt.Fprintf(r.Log, "  %s is skipped: %v\n", v.Name, err)
		return ctx.Err()
	}
	v.Timings = append(v.Timings, t)
	return nil
}

// rivals lists the programs that a task is compared with.
func (r Runner) rivals(ctx context.Context, task Task) ([]Rival, error) {
	const captioning = "cs231n/captioning/testdata/"
	timed := func(name string, lib library, program string, args ...string) Rival {
		args = append(args, "--model", task.Model, "--iters", fmt.Sprint(task.Iters))
		return Rival{Name: name, run: func(ctx context.Context) (t Timing, err error) {
			err = r.python(ctx, &t, name, lib, program, args...)
			return t, err
		}}
	}
	pytorch := timed("PyTorch", torch(), captioning+"bench_torch.py", "--threads", threads())
	switch task.Model {
	case "diffusion", Draw:
		data, err := r.mnistFolder(ctx)
		program := func(lib library, name string) Rival {
			return timed(lib.name, lib, "cs231n/diffusion/testdata/"+name, "--threads", threads(), "--data", data)
		}
		return []Rival{program(torch(), "bench_torch.py"), program(jax(), "bench_jax.py")}, err
	case "gan", "lsgan", "dcgan":
		data, err := r.mnistFolder(ctx)
		return []Rival{timed("PyTorch", torch(), "cs231n/gan/testdata/bench_torch.py", "--threads", threads(), "--data", data)}, err
	case "rnn", "lstm":
		numpy := func(name, dtype string) Rival {
			with := func(threads string) Rival {
				return timed(name+", "+threads+" threads", torch(), captioning+"bench_numpy.py", "--dtype", dtype, "--threads", threads)
			}
			return faster(name, with("1"), with(threads()))
		}
		// Under NumPy 2 the original's Adam makes its parameters float64; older versions kept float32.
		return []Rival{numpy("NumPy 2 as the original", "float64"), numpy("NumPy in float32", "float32"), pytorch}, nil
	}
	return []Rival{pytorch}, nil
}

// faster is a rival with two variants, of which the faster counts.
func faster(name string, one, other Rival) Rival {
	return Rival{Name: name, run: func(ctx context.Context) (Timing, error) {
		a, err := one.run(ctx)
		if err != nil {
			return Timing{}, err
		}
		b, err := other.run(ctx)
		if err != nil || b.Median < a.Median {
			return b, err
		}
		return a, nil
	}}
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
