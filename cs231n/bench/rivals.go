package bench

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
)

// Rival is another program that does the same task.
type Rival struct {
	Name    string   `json:"name"`
	Variant string   `json:"variant,omitempty"` // the arguments of the fastest variant
	Timings []Timing `json:"timings"`
	Failure string   `json:"failure,omitempty"` // the first error, if no variant ran

	variants []variant
}

// variant is a way to run a rival, such as with a number of threads.
type variant struct {
	name string // its arguments
	run  func(ctx context.Context) (Timing, error)
}

// runOnce runs each variant in the first round, and only the fastest in later rounds. A variant that fails does not affect the
// others. It returns an error only if the context is canceled.
func (v *Rival) runOnce(ctx context.Context, r Runner) error {
	if v.Failure != "" {
		return nil
	}
	var best Timing
	var fastest []variant
	var failure string
	for _, each := range v.variants {
		t, err := each.run(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			failure = cmp.Or(failure, err.Error())
			fmt.Fprintf(r.Log, "  %s %s failed: %v\n", v.Name, each.name, err)
		case fastest == nil || t.Median < best.Median:
			best, fastest = t, []variant{each}
		}
	}
	if fastest == nil {
		v.Failure = failure
		return nil
	}
	v.variants, v.Variant = fastest, fastest[0].name
	v.Timings = append(v.Timings, best)
	return nil
}

// Names of the rivals.
const (
	numPy        = "NumPy"
	numPy64      = "NumPy, float64"
	eagerTorch   = "PyTorch"
	torchCompile = "torch.compile"
	jaxJit       = "JAX"
)

// rivalNames lists the rivals in the order of the tables' columns.
func rivalNames() []string { return []string{numPy, numPy64, eagerTorch, torchCompile, jaxJit} }

// rivals lists the programs that a task is compared with.
func (r Runner) rivals(ctx context.Context, task Task) ([]Rival, error) {
	folder, common := "captioning", []string{"--model", task.Model, "--iters", fmt.Sprint(task.Iters)}
	switch {
	case isGAN(task.Model):
		folder = "gan"
	case task.Model == "diffusion" || task.Model == Draw:
		folder = "diffusion"
	}
	if folder != "captioning" {
		data, err := r.mnistFolder(ctx)
		if err != nil {
			return nil, err
		}
		common = append(common, "--data", data)
	}
	rival := func(name string, lib library, program string, variants ...[]string) Rival {
		rival := Rival{Name: name}
		for _, args := range variants {
			rival.variants = append(rival.variants, variant{strings.Join(args, " "), func(ctx context.Context) (t Timing, err error) {
				file := path.Join("cs231n", folder, "testdata", program)
				err = r.python(ctx, &t, name+" "+strings.Join(args, " "), lib, file, slices.Concat(common, args)...)
				return t, err
			}})
		}
		return rival
	}
	var rivals []Rival
	if task.Model == "rnn" || task.Model == "lstm" {
		numpy := func(name, dtype string) Rival {
			with := func(threads string) []string { return []string{"--dtype", dtype, "--threads", threads} }
			return rival(name, torch(), "bench_numpy.py", with("1"), with(threads()))
		}
		// Under NumPy 2 the original's Adam makes its parameters float64; older versions kept float32.
		rivals = []Rival{numpy(numPy, "float32"), numpy(numPy64, "float64")}
	}
	all := []string{"--threads", threads()}
	return append(rivals,
		rival(eagerTorch, torch(), "bench_torch.py", all),
		rival(torchCompile, torch(), "bench_torch.py", append(slices.Clone(all), "--compile", "default")),
		rival(jaxJit, jax(), "bench_jax.py", all)), nil
}
