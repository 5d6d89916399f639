package assess

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/course/cases"
)

// TestHint recognizes results up to rounding, and neither other results nor other cases.
func TestHint(t *testing.T) {
	t.Parallel()
	c := cases.New("lstm-step-forward", "three examples", 1)
	results := func(values ...float64) []cases.Array {
		return []cases.Array{cases.NewArray("next_h", values, len(values)), cases.NewArray("next_c", []float64{1, -1}, 2)}
	}
	known := Mistakes{
		{Exercise: c.Exercise, Case: c.Name, Hint: "the gates are swapped", Digest: Digest(results(0.25, 0.5, -0.75))},
		{Exercise: c.Exercise, Case: c.Name, Hint: "0/0", Digest: Digest(results(math.NaN(), 0.5, -0.75))},
	}
	require.Equal(t, "the gates are swapped", known.Hint(c, results(0.25, 0.5, -0.75)))
	require.Equal(t, "the gates are swapped", known.Hint(c, results(0.25, 0.500001, -0.750001)))
	require.Equal(t, "0/0", known.Hint(c, results(math.NaN(), 0.5, -0.75)))
	require.Empty(t, known.Hint(c, results(0.5, 0.25, -0.75)), "another order")
	require.Empty(t, known.Hint(c, results(0.25, 0.52, -0.75)))
	require.Empty(t, known.Hint(c, results(0.25, 0.5, -0.75, 0)), "another size")
	require.Empty(t, known.Hint(c, results(0.25, 0.5, -0.75)[:1]), "a result is missing")
	require.Empty(t, known.Hint(cases.New("lstm-step-forward", "another case", 1), results(0.25, 0.5, -0.75)))
	require.Empty(t, known.Hint(cases.New("lstm-forward", "three examples", 1), results(0.25, 0.5, -0.75)))
}

// TestKnownMistakes checks the form of the list that the edition contains.
func TestKnownMistakes(t *testing.T) {
	t.Parallel()
	known, err := KnownMistakes()
	require.NoError(t, err)
	require.NotEmpty(t, known)
	for _, m := range known {
		require.NotEmpty(t, m.Hint)
		found := false
		for _, c := range cases.Visible() {
			found = found || c.Exercise == m.Exercise && c.Name == m.Case
		}
		require.True(t, found, "there is no visible case %q of %s; run make course-test UPDATE=1", m.Case, m.Exercise)
		for _, d := range m.Digest {
			require.Len(t, d, 3, "%s: %s", m.Exercise, m.Hint)
		}
	}
}
