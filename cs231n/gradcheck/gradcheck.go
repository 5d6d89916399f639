// Package gradcheck compares backward passes with finite differences and with GoMLX's automatic differentiation.
//
// It computes in double precision, since a difference of two nearly equal numbers loses half of the digits.
package gradcheck

import (
	"fmt"
	"math"
)

// RelError returns the assignment's error measure, the largest relative difference of two arrays:
//
//	max |x − y| / max(1e-8, |x| + |y|)
//
// It returns NaN if either array contains NaN. It panics if the lengths differ.
func RelError(x, y []float64) float64 {
	if len(x) != len(y) {
		panic(fmt.Errorf("gradcheck: RelError of arrays with %d and %d values", len(x), len(y)))
	}
	worst := 0.0
	for i := range x {
		e := math.Abs(x[i]-y[i]) / math.Max(1e-8, math.Abs(x[i])+math.Abs(y[i]))
		if math.IsNaN(e) {
			return e
		}
		worst = math.Max(worst, e)
	}
	return worst
}
