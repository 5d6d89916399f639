package gradcheck_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cs231n-go/assignment3/cs231n/gradcheck"
)

func ExampleRelError() {
	fmt.Printf("%.3g\n", gradcheck.RelError([]float64{1, 2, 0}, []float64{1, 2.002, 0}))
	// Output: 0.0005
}

func TestRelError(t *testing.T) {
	t.Parallel()
	assert.Equal(t, 0.0, gradcheck.RelError(nil, nil))
	assert.InDelta(t, 0.1, gradcheck.RelError([]float64{1e-9}, []float64{0}), 1e-12, "tiny values are compared with 1e-8")
	assert.Equal(t, 1.0, gradcheck.RelError([]float64{-3}, []float64{3}))
	assert.True(t, math.IsNaN(gradcheck.RelError([]float64{math.NaN(), 1}, []float64{1, 1})))
	assert.True(t, math.IsNaN(gradcheck.RelError([]float64{math.Inf(1)}, []float64{math.Inf(1)})))
	assert.Panics(t, func() { gradcheck.RelError([]float64{1}, []float64{1, 2}) })
}
