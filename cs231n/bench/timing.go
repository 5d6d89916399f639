package bench

import (
	"context"
	"errors"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"gonum.org/v1/gonum/stat"
)

// Timing is the result of a task, which its process prints as one line of JSON. Times are in milliseconds.
type Timing struct {
	Median   float64 `json:"median_ms"`
	Min      float64 `json:"min_ms"`
	Mean     float64 `json:"mean_ms"`
	First    float64 `json:"first_ms"`    // time of the first step, which builds, compiles and runs
	PeakRSS  float64 `json:"peak_rss_mb"` // peak resident memory of the process in MiB; 0 if unknown
	LastLoss float64 `json:"last_loss"`
	Iters    int     `json:"iters"`
	Threads  int     `json:"threads"`
}

// A stopwatch times training steps. The first one begins at newStopwatch.
type stopwatch struct {
	last  time.Time
	calls []call
	loss  float64 // last loss
}

// call is a call of the compiled program with its number of steps.
type call struct {
	steps int
	ms    float64
}

// sameCall is shorter than any step. Steps that end within this time of each other were part of one call.
const sameCall = 500 * time.Microsecond

func newStopwatch() *stopwatch { return &stopwatch{last: time.Now()} }

// lap records the end of a step. The last value is the loss.
func (w *stopwatch) lap(_, _ int, values ...float64) {
	now := time.Now()
	elapsed := now.Sub(w.last)
	if len(w.calls) == 0 || elapsed > sameCall {
		w.calls = append(w.calls, call{ms: elapsed.Seconds() * 1e3})
	}
	w.calls[len(w.calls)-1].steps++
	w.last, w.loss = now, values[len(values)-1]
}

// laps returns the times of all steps. The steps of a call have equal times.
func (w *stopwatch) laps() []float64 {
	var laps []float64
	for _, c := range w.calls {
		laps = append(laps, slices.Repeat([]float64{c.ms / float64(c.steps)}, c.steps)...)
	}
	return laps
}

func (w *stopwatch) timing(t Task) Timing {
	timing := t.timing(w.laps(), t.warmUp)
	timing.LastLoss = w.loss
	return timing
}

// timing summarizes the times of all steps, of which the first warmUp are not counted.
func (t Task) timing(laps []float64, warmUp int) Timing {
	timed := laps[warmUp:]
	return Timing{
		Median: median(timed), Min: slices.Min(timed), Mean: stat.Mean(timed, nil), First: laps[0],
		PeakRSS: memory(status, peakKey), Iters: t.Iters, Threads: runtime.GOMAXPROCS(0),
	}
}

// batches times a call that works in batches and reports each to progress. The first batch, which compiles, is the warm-up.
func (t Task) batches(ctx context.Context, call func(progress func(done, total int)) error) (Timing, error) {
	var laps []float64
	last := time.Now()
	err := call(func(int, int) {
		now := time.Now()
		laps, last = append(laps, now.Sub(last).Seconds()*1e3), now
	})
	if err := errors.Join(err, ctx.Err()); err != nil {
		return Timing{}, err
	}
	return t.timing(laps, 1), nil
}

// median returns the median of values.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// Linux's file with the memory of this process, and keys in it.
const (
	status      = "/proc/self/status"
	residentKey = "VmRSS:"
	peakKey     = "VmHWM:" // peak resident memory
)

// memory reads a size in MiB from a file in the format of Linux's /proc/self/status. It returns 0 if there is no such file.
func memory(path, key string) float64 {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		if value, ok := strings.CutPrefix(line, key); ok {
			kib, _ := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 64)
			return kib / 1024
		}
	}
	return 0
}
