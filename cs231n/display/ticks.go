package display

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// roundTicks is a [plot.Ticker] with about six ticks at multiples of 1, 2 or 5 times a power of ten, with as few decimals as
// possible.
type roundTicks struct{}

// Ticks implements [plot.Ticker].
func (roundTicks) Ticks(low, high float64) []plot.Tick {
	const wanted = 6
	rough := (high - low) / wanted
	if !(rough > 0) || math.IsInf(rough, 0) {
		return []plot.Tick{{Value: low, Label: strconv.FormatFloat(low, 'g', 4, 64)}}
	}
	exponent := math.Floor(math.Log10(rough))
	step := math.Pow(10, exponent)
	for _, factor := range []float64{2, 2.5, 2} { // 1, 2, 5, 10
		if step*math.Sqrt(factor) > rough {
			break
		}
		step *= factor
	}
	decimals := max(0, int(-math.Floor(math.Log10(step)*(1+1e-12))))
	const tolerance = 1e-9 // of a step, so that rounding does not drop the last tick
	var ticks []plot.Tick
	for i := math.Ceil(low/step - tolerance); i*step <= high+tolerance*step; i++ {
		v := i * step
		if i == 0 {
			v = 0 // never -0
		}
		ticks = append(ticks, plot.Tick{Value: v, Label: strconv.FormatFloat(v, 'f', decimals, 64)})
	}
	return ticks
}

// logarithmic makes an axis logarithmic, with a tick at every power of two.
func logarithmic(axis *plot.Axis) {
	axis.Scale, axis.Tick.Marker = plot.LogScale{}, powersOfTwo{}
}

// powersOfTwo is a [plot.Ticker] for logarithmic axes with at most about eight ticks.
type powersOfTwo struct{}

// Ticks implements [plot.Ticker].
func (powersOfTwo) Ticks(low, high float64) []plot.Tick {
	const wanted = 8
	first, last := math.Ceil(math.Log2(low)), math.Floor(math.Log2(high))
	step := math.Ceil((last - first + 1) / wanted)
	var ticks []plot.Tick
	for e := first; e <= last; e += step {
		v := math.Pow(2, e)
		ticks = append(ticks, plot.Tick{Value: v, Label: strconv.FormatFloat(v, 'g', 5, 64)})
	}
	return ticks
}
