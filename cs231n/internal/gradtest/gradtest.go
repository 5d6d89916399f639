// Package gradtest is the check that the tests of all hand-written gradients end with.
package gradtest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/gradcheck"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
)

// Right checks a layer three ways: its gradients must be within the tolerance of the finite differences and,
// but for rounding, what GoMLX derives.
func Right(t *testing.T, l gradcheck.Layer, tolerance float64) {
	t.Helper()
	report, err := l.Check(testbackend.Get(t))
	require.NoError(t, err)
	for _, e := range report {
		require.Less(t, e.Numeric, tolerance, e.Name)
		require.Less(t, e.Autodiff, 1e-11, e.Name)
	}
}
