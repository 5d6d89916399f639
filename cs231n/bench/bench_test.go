package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/display"
)

func TestFLOPs(t *testing.T) {
	t.Parallel()
	of := func(model string, s Sizes) float64 { return Task{Model: model, Sizes: s}.FLOPs() }
	// D has 200704+65536+256 = 266496 weights, G 98304+1048576+802816 = 1949696. For each image, D's update takes G forward,
	// and twice D forward, D's weights, and D's input without the first layer. G's update takes G and D forward, D's input,
	// G's weights, and G's input without the first layer.
	perImage := 1949696 + 2*(266496+266496+65792) + 1949696 + 266496 + 266496 + 1949696 + 1851392
	assert.Equal(t, float64(2*128*perImage), of("gan", Sizes{Batch: 128}))
	assert.Equal(t, float64(2*2048*perImage), of("gan", Sizes{Batch: 2048}))
	assert.Equal(t, of("gan", Sizes{Batch: 128}), of("lsgan", Sizes{Batch: 128}))
	// The DCGAN's D has two convolutions and two linear layers, its G two linear layers and two transposed convolutions.
	d, g := 24*24*25*32+64*25*32*64+1024*1024+1024, 96*1024+1024*6272+49*16*128*64+196*16*64
	perImage = g + 2*(3*d-24*24*25*32) + 3*g - 96*1024 + 2*d
	assert.Equal(t, float64(2*512*perImage), of("dcgan", Sizes{Batch: 512}))

	// The U-Net for an image: condition, stem, block, shrink, two blocks, grow, block, head.
	forward := 64*128 + 128*128 + 196*16*32 + (196*9*2*1024 + 128*64) + 49*4*2048 + 2*(49*9*2*4096+128*128) + 49*4*2048 +
		(196*9*2*1024 + 128*64) + 196*16*32
	assert.Equal(t, float64(2*64*(3*forward-64*128-196*16*32)), of("diffusion", Sizes{Batch: 64}))
	assert.Equal(t, float64(2*16*25*2*forward), of(Draw, Sizes{Batch: 16}))

	small := Sizes{Batch: 1, T: 1, H: 2, W: 3, D: 5, V: 7}
	assert.Equal(t, 2*(2*10.0+3*(6+4+14)), of("rnn", small), "projection without the gradient of its input; Wx, Wh and scores")
	assert.Equal(t, 2*(2*10.0+3*(24+16+14)), of("lstm", small))
	// Two layers, each with four square and two wide linear maps, attention over one position, and cross-attention's value
	// and output projection.
	assert.Equal(t, 2*(2*15.0+3*(2*(4*9+2*3*2048+2*3+2*9)+21)), of("transformer", small))
	assert.Equal(t, 2*(15.0+2*(4*9+2*3*2048+2*3+2*9)+21), of(Sample, small))
}

func TestRatioAndMedian(t *testing.T) {
	t.Parallel()
	ours := []Timing{{Median: 10}, {Median: 30}, {Median: 20}}
	assert.Equal(t, Ratio{Median: 1, Min: 0.5, Max: 2}, ratio(ours, []Timing{{Median: 20}, {Median: 15}, {Median: 20}}))
	assert.True(t, math.IsNaN(ratio(ours, nil).Median))
	assert.Equal(t, 2.5, median([]float64{4, 1, 3, 2}))
}

func TestMemory(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "status")
	require.NoError(t, os.WriteFile(file, []byte("Name:\tbench\nVmHWM:\t  2048 kB\nVmRSS:\t 512 kB\n"), 0o600))
	assert.Equal(t, 2.0, memory(file, peakKey))
	assert.Equal(t, 0.5, memory(file, residentKey))
	assert.Zero(t, memory(file+".none", peakKey))
}

func TestEnvironment(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"GLIBC_TUNABLES=x", "PATH=/bin", "CS231N_XLA_CACHE=off"},
		environment([]string{"OPENBLAS_CORETYPE=Haswell", "GLIBC_TUNABLES=x", "OMP_NUM_THREADS=1", "PATH=/bin", "MKL_CBWR=AVX2"}))
}

// report returns a small report in which the last rival failed. JAX is the fastest in the median, not in the first round.
func report() Report {
	return Report{
		Threads: 2, Rounds: 2, Peaks: []NamedPeak{{"XLA", Peak{100, "cpu"}}, {"PyTorch", Peak{200, "cpu"}}},
		Comparisons: []Comparison{{
			Model: "lstm", GFLOP: 4, Ours: []Timing{{Median: 40, First: 1000, PeakRSS: 300}, {Median: 60, First: 3000, PeakRSS: 400}},
			Rivals: []Rival{
				{Name: "NumPy", Variant: "2", Timings: []Timing{{Median: 80, PeakRSS: 90}, {Median: 100, PeakRSS: 90}}},
				{Name: "NumPy, float64", Timings: []Timing{{Median: 300}, {Median: 300}}},
				{Name: "torch.compile", Timings: []Timing{{Median: 50, First: 9000, PeakRSS: 80}, {Median: 90, First: 1000, PeakRSS: 80}}},
				{Name: "JAX", Timings: []Timing{{Median: 80, First: 2000, PeakRSS: 70}, {Median: 40, First: 2000, PeakRSS: 70}}},
				{Name: "PyTorch", Failure: "no PyTorch"},
			},
		}},
		Growth: []Growth{
			{Model: "lstm", Size: "T", Points: []Point{{8, 10, 1e9}, {16, 15, 2e9}}},
			{Model: "BLEU", Size: "captions", Points: []Point{{5, 1, 5}, {15, 4, 15}}},
		},
		COCO: &COCO{
			Loading: []Loading{{1000, 20, 40, 30, 71, 72}, {2000, 30, 80, 30, 111, 112}},
			Epochs:  []Epoch{{"lstm", 16000, 200, 30, 150, 400, 40000, 4096, 1.5}},
		},
		Cells: []Cells{{"LSTM", "ours", 10, 0.5, 1.25, 0.4}, {"LSTM", "stock GoNB", 10, 1.5, 2, 0}},
	}
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	tables := report().Markdown()
	assert.Contains(t, tables, "| lstm | JAX | 50.0 | 60.0 | 1.00 | 0.50 to 1.50 | 350 / 70.0 | 80 | 40% |\n")
	assert.Contains(t, tables, "| Model | Ours | NumPy | NumPy, float64 | torch.compile | JAX |\n")
	assert.Contains(t, tables, "| lstm | 50.0, 3.00 s | 90.0, 0.00 s | 300, 0.00 s | 70.0, 9.00 s | 60.0, 2.00 s |\n",
		"medians, and the longest first step")
	assert.Contains(t, tables, "| lstm | T | 16 | 15.0 | 2.00 | 1.50 |\n")
	assert.Contains(t, tables, "| 2000 | 30.0 | 80.0 | 30.0 | 111 | 112 |\n")
	assert.Contains(t, tables, "| lstm | 30.0 | 150 | 16000 | 8.00 | 200 | 40000 | 1.00 | 4096 | 400 |\n", "16000·30 ms, 40000·1.5 ms")
	assert.Contains(t, tables, "| LSTM | ours | 10 | 0.50 | 1.25 | 0.40 |\n| LSTM | stock GoNB | 10 | 1.50 | 2.00 | – |\n")
	assert.Contains(t, tables, "no PyTorch")
}

func TestJSON(t *testing.T) {
	t.Parallel()
	data, err := report().JSON()
	require.NoError(t, err)
	var back Report
	require.NoError(t, json.Unmarshal(data, &back))
	assert.Equal(t, report(), back)
}

func TestSave(t *testing.T) {
	t.Parallel()
	dir, images := t.TempDir(), t.TempDir()
	require.NoError(t, report().Save(dir, images))
	data, err := report().JSON()
	require.NoError(t, err)
	for name, want := range map[string]string{"bench.json": string(data), "bench.md": report().Markdown()} {
		got, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.Equal(t, want, string(got))
	}
	for _, name := range []string{"steps.png", "growth.png"} {
		chart, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		again, err := os.ReadFile(filepath.Join(images, "bench_"+name))
		require.NoError(t, err)
		assert.Equal(t, chart, again)
	}

	few := Report{Cells: report().Cells}
	dir = t.TempDir()
	require.NoError(t, few.Save(dir, ""))
	require.FileExists(t, filepath.Join(dir, "bench.json"))
	require.NoFileExists(t, filepath.Join(dir, "steps.png"))
	require.NoFileExists(t, filepath.Join(dir, "growth.png"))
	assert.False(t, few.Empty())
	assert.False(t, Report{Growth: report().Growth}.Empty())
	assert.False(t, Report{Comparisons: report().Comparisons}.Empty())
	assert.True(t, Report{Peaks: report().Peaks, Rounds: 3}.Empty())
	require.ErrorContains(t, report().Save(filepath.Join(dir, "missing"), ""), "missing")
	require.ErrorContains(t, report().Save(dir, filepath.Join(dir, "missing")), "missing")
}

// TestMeasure has a program that times growth, loading and an epoch, but not the steps.
func TestMeasure(t *testing.T) {
	t.Parallel()
	self := filepath.Join(t.TempDir(), "bench")
	script := `#!/bin/sh
case $1 in
growth) echo '[{"model": "'$2'", "size": "T", "points": [{"value": 8}]}]';;
load) [ -s $2/coco2014_captions.h5 ] && echo '{"captions": 7, "ms": 5}';;
epoch) [ -s $3/coco2014_captions.h5 ] && echo '{"model": "'$2'", "measured_steps": '$5'}';;
*) exit 3
esac
`
	require.NoError(t, os.WriteFile(self, []byte(script), 0o755))
	var log bytes.Buffer
	r := Runner{Root: t.TempDir(), Self: self, Log: &log, Iters: 4, size: dataSize{amount{16, 80}, amount{8, 40}}}
	got, err := r.Measure(t.Context(), []string{"growth", "steps", "cells"}, []string{"gan"}, 4)
	require.ErrorContains(t, err, "exit status 3", "steps")
	var models []string
	for _, g := range got.Growth {
		models = append(models, g.Model)
	}
	assert.Equal(t, []string{"gan", "dcgan", "lstm", "transformer", "sample", "scores"}, models)
	require.Len(t, got.COCO.Loading, 4)
	require.Len(t, got.COCO.Epochs, 3)
	assert.Equal(t, Epoch{Model: "lstm", Measured: 4}, got.COCO.Epochs[1])
	assert.Equal(t, 4, got.Rounds)
	assert.Positive(t, got.Threads)
	assert.Empty(t, got.Cells, "nothing is measured after an error")
	assert.Contains(t, log.String(), "synthetic data of 3 images and 15 captions in ")
	requireRemoved(t, log.String())
}

func TestCharts(t *testing.T) {
	t.Parallel()
	bars := report().stepBars()
	assert.Equal(t, []string{"lstm"}, bars.Groups)
	var names []string
	for _, s := range bars.Series {
		names = append(names, s.Name)
	}
	assert.Equal(t, []string{"ours", "NumPy", "torch.compile", "JAX"}, names, "one series for each library that ran")
	assert.Equal(t, []float64{1}, bars.Series[0].Y)
	assert.InDelta(t, 0.55, bars.Series[1].Y[0], 1e-12, "the median of 40/80 and 60/100")
	curves := report().growthCurves()
	require.Len(t, curves, 2)
	assert.Equal(t, []display.Series{
		{Name: "linear", X: []float64{1, 2}, Y: []float64{1, 2}}, {Name: "lstm, T", X: []float64{1, 2}, Y: []float64{1, 1.5}},
	}, curves[0].Series)
	assert.Equal(t, []display.Series{
		{Name: "linear", X: []float64{1, 3}, Y: []float64{1, 3}},
		{Name: "BLEU, captions", X: []float64{1, 3}, Y: []float64{1, 4}},
		{Name: "coco.Load, captions", X: []float64{1, 2}, Y: []float64{1, 1.5}},
	}, curves[1].Series)
	_, err := report().StepChart()
	require.NoError(t, err)
	picture, err := report().GrowthChart()
	require.NoError(t, err)
	assert.Equal(t, 1000, picture.Bounds().Dx(), "two panels")
}

func TestRunErrors(t *testing.T) {
	t.Parallel()
	r := Runner{Root: t.TempDir(), Log: &bytes.Buffer{}}
	var timing Timing
	err := r.run(t.Context(), &timing, "x", "sh", "-c", "echo progress; echo reason >&2; exit 3")
	require.ErrorContains(t, err, "exit status 3")
	require.ErrorContains(t, err, "reason")
	require.ErrorContains(t, r.run(t.Context(), &timing, "x", "echo", "no JSON"), "line of JSON")
	require.NoError(t, r.run(t.Context(), &timing, "x", "sh", "-c", `echo progress; echo '{"median_ms": 2.5}'`))
	assert.Equal(t, 2.5, timing.Median)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, r.run(ctx, &timing, "x", "sleep", "60"), context.Canceled)
	for _, lib := range []library{torch(), jax()} {
		require.ErrorContains(t, r.python(t.Context(), &timing, "rival", lib, "x.py"), "no "+lib.name+" in this checkout")
	}
}

func TestUnknownModel(t *testing.T) {
	t.Parallel()
	_, err := NewTask("vae")
	require.ErrorContains(t, err, `unknown model "vae"`)
}

func TestSampleTakesOneDevice(t *testing.T) {
	t.Parallel()
	for _, model := range []string{Sample, Draw} {
		task, err := NewTask(model)
		require.NoError(t, err)
		task.Devices = 2
		_, err = task.Run(context.Background(), nil)
		require.ErrorContains(t, err, "2 devices cannot share "+model+", only training")
	}
}
