package bench

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/cs231n-go/assignment3/cs231n/coco"
)

// dataSize is the size of the splits of a data set.
type dataSize struct{ train, val amount }

// cocoSize returns the size of the assignment's COCO data.
func cocoSize() dataSize {
	return dataSize{train: amount{82_783, 400_000}, val: amount{40_504, 200_000}}
}

// COCO measures loading, training and sampling on a synthetic data set of COCO's size, each in a new process. With an error
// it returns what it measured before.
func (r Runner) COCO(ctx context.Context) (result *COCO, err error) {
	size := cocoSize()
	if r.size != (dataSize{}) {
		size = r.size
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	defer os.RemoveAll(dir)
	result = &COCO{}
	for _, divisor := range []int{8, 4, 2, 1} { // the last data set is the whole
		part := size.divide(divisor)
		fmt.Fprintf(r.Log, "synthetic data of %d images and %d captions in %s\n",
			part.train.images+part.val.images, part.train.captions+part.val.captions, dir)
		s := Assignment()
		err := coco.Write(dir, newLanguage(s.V).data(s, part.train, part.val))
		if err != nil {
			return result, fmt.Errorf("bench: %w", err)
		}
		var l Loading
		if err := r.run(ctx, &l, "loading", r.Self, "load", dir); err != nil {
			return result, err
		}
		result.Loading = append(result.Loading, l)
	}
	for _, model := range CaptioningModels() {
		args := []string{"epoch", model, dir}
		if r.Iters > 0 {
			args = append(args, "--iters", fmt.Sprint(r.Iters))
		}
		var e Epoch
		if err := r.run(ctx, &e, model, r.Self, args...); err != nil {
			return result, err
		}
		result.Epochs = append(result.Epochs, e)
	}
	return result, nil
}

func (s dataSize) divide(by int) dataSize {
	part := func(a amount) amount { return amount{a.images / by, a.captions / by} }
	return dataSize{part(s.train), part(s.val)}
}

// growth returns the growth of the time of loading.
func (c *COCO) growth() Growth {
	g := Growth{Model: "coco.Load", Size: "captions"}
	for _, l := range c.Loading {
		g.Points = append(g.Points, Point{l.Captions, l.Ms, float64(l.Captions)})
	}
	return g
}

// write writes the tables.
func (c *COCO) write(b *strings.Builder) {
	var loading, epochs [][]string
	for _, l := range c.Loading {
		loading = append(loading, []string{
			fmt.Sprint(l.Captions), number(l.Ms), number(l.Arrays), number(l.Before), number(l.Resident), number(l.Peak),
		})
	}
	for _, e := range c.Epochs {
		epochs = append(epochs, []string{
			e.Model, number(e.StepMs), fmt.Sprintf("%.0f", e.GFLOPs),
			fmt.Sprint(e.Steps), number(e.Minutes()), fmt.Sprint(e.Measured),
			fmt.Sprint(e.Images), number(e.SampleMinutes()), fmt.Sprint(e.Sampled), number(e.PeakRSS),
		})
	}
	b.WriteString("\nLoading synthetic data, up to the size of COCO. Sizes are in MiB; the last three are resident memory.\n\n")
	writeTable(b, []string{"Training captions", "ms", "Arrays", "Before", "After", "Peak"}, loading)
	b.WriteString("\nAn epoch and captions for all validation images, calculated from the measured steps and images.\n\n")
	writeTable(b, []string{
		"Model", "Step ms", "GFLOP/s",
		"Steps", "Epoch min", "Measured steps",
		"Images", "Captions min", "Measured images", "Peak MiB",
	}, epochs)
}
