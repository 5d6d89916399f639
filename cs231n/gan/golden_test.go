package gan_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// golden decodes a file that testdata/golden.py wrote.
func golden[T any](t *testing.T, name string) T {
	t.Helper()
	var value T
	data, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &value))
	return value
}

// curve holds the losses of the first iterations of a run.
type curve struct{ D, G []float64 }

// requireCurve compares losses relatively.
func requireCurve(t *testing.T, want []float64, got []float64, tolerance float64) {
	t.Helper()
	require.LessOrEqual(t, len(got), len(want))
	for i, g := range got {
		require.InEpsilon(t, want[i], g, tolerance, "iteration %d", i)
	}
}
