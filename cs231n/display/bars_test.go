package display

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBarsRefuse(t *testing.T) {
	t.Parallel()
	for want, b := range map[string]Bars{
		"no groups or no series":   {},
		"has 1 values for 2":       {Groups: []string{"a", "b"}, Series: []Series{{Y: []float64{1}}}},
		"has 3 values for 2 group": {Groups: []string{"a", "b"}, Series: []Series{{Y: []float64{1, 2, 3}}}},
	} {
		_, err := b.Image()
		require.ErrorContains(t, err, want)
	}
}

func TestLogarithmicCurveRefusesZero(t *testing.T) {
	t.Parallel()
	_, err := Curve{Log: true, Series: []Series{{Name: "loss", X: []float64{1, 2}, Y: []float64{1, 0}}}}.Image()
	require.ErrorContains(t, err, "not above 0")
}
