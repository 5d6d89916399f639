package gan

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFormat4 compares with Python's output of '{:.4}'.format(x).
func TestFormat4(t *testing.T) {
	t.Parallel()
	for x, want := range map[float64]string{
		1.3280382: "1.328", 1: "1.0", 0.51: "0.51", 12: "12.0", 123.4: "123.4", 123: "123.0",
		1234: "1.234e+03", 1000: "1e+03", 99999: "1e+05", 0.00001: "1e-05", 0.0001: "0.0001", -2: "-2.0", 0: "0.0",
	} {
		require.Equal(t, want, format4(x))
	}
}
