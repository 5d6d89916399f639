package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/gomlx/compute"

	"github.com/cs231n-go/assignment3/cs231n/captioning"
	"github.com/cs231n-go/assignment3/cs231n/coco"
)

// COCO holds measurements on a synthetic data set that is as large as the assignment's COCO data.
type COCO struct {
	Loading []Loading `json:"loading"` // of parts of the data set, the whole last
	Epochs  []Epoch   `json:"epochs"`  // on the whole data set
}

// Loading is the time and memory of [coco.Load] in a new process.
type Loading struct {
	Captions int     `json:"captions"` // for training
	Ms       float64 `json:"ms"`       // fastest of a few
	Arrays   float64 `json:"arrays_mb"`
	Before   float64 `json:"before_mb"`   // resident memory of the process; these two are in MiB, and 0 if unknown
	Resident float64 `json:"resident_mb"` // after loading
	Peak     float64 `json:"peak_mb"`
}

const mib = 1 << 20

// TimeLoading times [coco.Load]. Its memory is that of the first time.
func TimeLoading(ctx context.Context, dir string) (l Loading, err error) {
	const times = 5
	l.Before = memory(status, residentKey)
	for i := range times {
		if err := ctx.Err(); err != nil {
			return l, err
		}
		begin := time.Now()
		data, err := coco.Load(dir, coco.Options{})
		if err != nil {
			return l, fmt.Errorf("bench: %w", err)
		}
		elapsed := time.Since(begin).Seconds() * 1e3
		l.Ms = min(cmp.Or(l.Ms, elapsed), elapsed)
		if i == 0 {
			l.Resident, l.Peak = memory(status, residentKey), memory(status, peakKey)
			l.Captions = data.Train.Len()
			for _, s := range data.Splits() {
				l.Arrays += float64(4*(len(s.Features)+len(s.Captions)+len(s.ImageIdxs))) / mib
			}
		}
		data = nil
		runtime.GC() // do not time the collection of earlier garbage
	}
	return l, nil
}

// Epoch holds what an epoch of training and captions for the validation images take. Both are calculated from a part.
type Epoch struct {
	Model    string  `json:"model"`
	Steps    int     `json:"steps"` // in an epoch
	Measured int     `json:"measured_steps"`
	StepMs   float64 `json:"step_ms"` // mean of the measured steps
	GFLOPs   float64 `json:"gflops"`  // 10⁹ operations per second
	PeakRSS  float64 `json:"peak_rss_mb"`

	Images   int     `json:"images"` // in the validation split
	Sampled  int     `json:"sampled_images"`
	SampleMs float64 `json:"sample_ms"` // per image
}

// Minutes returns the time of an epoch.
func (e Epoch) Minutes() float64 { return float64(e.Steps) * e.StepMs / 60e3 }

// SampleMinutes returns the time of captions for all images.
func (e Epoch) SampleMinutes() float64 { return float64(e.Images) * e.SampleMs / 60e3 }

// Epoch times steps of a captioning model on the data set in a folder, with batches from all of its captions, and then
// captions for some of its validation images.
func (t Task) Epoch(ctx context.Context, backend compute.Backend, dir string) (e Epoch, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("bench: %s: %w", t.Model, err)
		}
	}()
	data, err := coco.Load(dir, coco.Options{})
	if err != nil {
		return e, err
	}
	t.T, t.D, t.V = data.Train.Length-1, data.Train.Dim, len(data.Vocab.Words)
	model, err := t.captioner(data, max(t.T, SampledWords))
	if err != nil {
		return e, err
	}
	watch, err := t.trainCaptions(ctx, backend, model, data)
	if err != nil {
		return e, err
	}
	timing := watch.timing(t)
	e = Epoch{
		Model: t.Model, Steps: data.Train.Len() / t.Batch, Measured: t.Iters, StepMs: timing.Mean,
		GFLOPs: t.FLOPs() / timing.Mean / 1e6, Images: data.Val.Images(),
	}
	err = e.sample(backend, model, &data.Val)
	e.PeakRSS = memory(status, peakKey)
	return e, errors.Join(err, ctx.Err())
}

// sample times captions for some of the images of a split, without the first batch, which compiles the program.
func (e *Epoch) sample(backend compute.Backend, model captioning.Sampler, split *coco.Split) error {
	const batch, batches = 256, 17
	images := min(batch*batches, split.Images())
	var last time.Time
	var elapsed time.Duration
	o := captioning.SampleOptions{Length: SampledWords, Batch: min(batch, (images+1)/2)}
	o.Progress = func(done, _ int) {
		now := time.Now()
		if done > o.Batch {
			elapsed += now.Sub(last)
		}
		last = now
	}
	_, err := model.Sample(backend, split.Features[:images*split.Dim], o)
	e.Sampled = images - o.Batch
	e.SampleMs = elapsed.Seconds() * 1e3 / float64(e.Sampled)
	return err
}
