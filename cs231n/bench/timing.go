package bench

import (
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Timing is what one process says of its task, as one line of JSON. Times are in milliseconds.
type Timing struct {
	Median   float64 `json:"median_ms"`
	Min      float64 `json:"min_ms"`
	First    float64 `json:"first_ms"`    // of the first step, which builds, compiles and runs
	PeakRSS  float64 `json:"peak_rss_mb"` // the most memory the process held, in MiB; 0 where the system does not tell
	LastLoss float64 `json:"last_loss"`
	Iters    int     `json:"iters"`
	Threads  int     `json:"threads"`
}

// A stopwatch times the steps of a training, the first from when the watch was made.
type stopwatch struct {
	last  time.Time
	calls []call
	loss  float64 // the last one
}

// call is a call of the compiled program and the steps that it took.
type call struct {
	steps int
	ms    float64
}

// atOnce is a time in which no step can be done: steps that are told within it were done in one call.
const atOnce = 500 * time.Microsecond

func newStopwatch() *stopwatch { return &stopwatch{last: time.Now()} }

// lap ends a step; its last value is the loss.
func (w *stopwatch) lap(_, _ int, values ...float64) {
	now := time.Now()
	took := now.Sub(w.last)
	if len(w.calls) == 0 || took > atOnce {
		w.calls = append(w.calls, call{ms: took.Seconds() * 1e3})
	}
	w.calls[len(w.calls)-1].steps++
	w.last, w.loss = now, values[len(values)-1]
}

// laps are the times of all steps; those of one call share its time.
func (w *stopwatch) laps() []float64 {
	var laps []float64
	for _, c := range w.calls {
		laps = append(laps, slices.Repeat([]float64{c.ms / float64(c.steps)}, c.steps)...)
	}
	return laps
}

func (w *stopwatch) timing(t Task) Timing {
	laps := w.laps()
	timed := laps[warmUp:]
	return Timing{
		Median: median(timed), Min: slices.Min(timed), First: laps[0], PeakRSS: peakMemory("/proc/self/status"),
		LastLoss: w.loss, Iters: t.Iters, Threads: runtime.GOMAXPROCS(0),
	}
}

// median returns the middle of some values, the mean of two where their number is even.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// peakMemory reads the most memory that a process held, in MiB, from a file in the format of Linux's
// /proc/self/status; 0 without one.
func peakMemory(path string) float64 {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, _ := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 64)
			return kib / 1024
		}
	}
	return 0
}
