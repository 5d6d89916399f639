package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
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
	assert.Equal(t, float64(2*128*perImage), of("gan", Sizes{}))
	assert.Equal(t, of("gan", Sizes{}), of("lsgan", Sizes{}))

	// The U-Net for an image: condition, stem, block, shrink, two blocks, grow, block, head.
	forward := 64*128 + 128*128 + 196*16*32 + (196*9*2*1024 + 128*64) + 49*4*2048 + 2*(49*9*2*4096+128*128) + 49*4*2048 +
		(196*9*2*1024 + 128*64) + 196*16*32
	assert.Equal(t, float64(2*64*(3*forward-64*128-196*16*32)), of("diffusion", Sizes{}))
	assert.Equal(t, float64(2*16*25*2*forward), of(Draw, Sizes{}))

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

func TestPeakMemory(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "status")
	require.NoError(t, os.WriteFile(file, []byte("Name:\tbench\nVmHWM:\t  2048 kB\nVmRSS:\t 1 kB\n"), 0o600))
	assert.Equal(t, 2.0, peakMemory(file))
	assert.Zero(t, peakMemory(file+".none"))
}

func TestEnvironment(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"GLIBC_TUNABLES=x", "PATH=/bin"},
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
		Growth: []Growth{{Model: "lstm", Size: "T", Points: []Point{{8, 10, 1e9}, {16, 15, 2e9}}}},
		Cells:  []Cells{{"LSTM", "ours", 10, 0.5, 1.25}},
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
	assert.Contains(t, tables, "| LSTM | ours | 10 | 0.50 | 1.25 |\n")
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

// TestMeasure has a program that times nothing but growth.
func TestMeasure(t *testing.T) {
	t.Parallel()
	self := filepath.Join(t.TempDir(), "bench")
	script := "#!/bin/sh\n[ $1 = growth ] || exit 3\necho '" + `[{"model": "lstm", "size": "T", "points": [{"value": 8}]}]` + "'\n"
	require.NoError(t, os.WriteFile(self, []byte(script), 0o755))
	r := Runner{Root: t.TempDir(), Self: self, Log: &bytes.Buffer{}}
	got, err := r.Measure(t.Context(), []string{"growth", "steps", "cells"}, []string{"gan"}, 4)
	require.Error(t, err)
	require.Len(t, got.Growth, 1)
	assert.Equal(t, "lstm", got.Growth[0].Model)
	assert.Equal(t, 4, got.Rounds)
	assert.Positive(t, got.Threads)
	assert.Empty(t, got.Cells, "nothing is measured after an error")
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
	curve := report().growthCurve()
	assert.Equal(t, []display.Series{
		{Name: "lstm, T", X: []float64{1, 2}, Y: []float64{1, 1.5}}, {Name: "linear", X: []float64{1, 2}, Y: []float64{1, 2}},
	}, curve.Series)
	for _, draw := range []func() (image.Image, error){report().StepChart, report().GrowthChart} {
		_, err := draw()
		require.NoError(t, err)
	}
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
