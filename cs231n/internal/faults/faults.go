// Package faults helps to test kills, full disks and damaged files. It determines the number of faults, damages files and
// counts the faults for the table of `make faults`.
package faults

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// tally is the environment variable for the file in which `make faults` counts. Without it, tests make only a few faults.
const tally = "CS231N_FAULTS"

// Count returns the number of faults for a test: few in normal tests, many in `make faults`.
func Count(few, many int) int {
	if os.Getenv(tally) != "" {
		return many
	}
	return few
}

// Report adds a row to the table of `make faults`: the faults that a test has passed, with a note.
func Report(t testing.TB, kind, what string, count int, note string) {
	t.Helper()
	t.Logf("%s, %s: %d; %s", kind, what, count, note)
	path := os.Getenv(tally)
	if path == "" {
		return
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	require.NoError(t, err)
	_, err = fmt.Fprintf(file, "%s\t%s\t%d\t%s\n", kind, what, count, note) // one write, since packages are tested in parallel
	require.NoError(t, err)
	require.NoError(t, file.Close())
}

// ReportDamaged is Report for damaged inputs of one kind. At least one must have been refused.
func ReportDamaged(t testing.TB, what string, count, refused int) {
	t.Helper()
	require.Positive(t, refused, "no damage was noticed")
	Report(t, "damaged", what, count, fmt.Sprintf("%d of them refused", refused))
}

// Random returns a random source with a fixed seed.
func Random() *rand.Rand { return rand.New(rand.NewPCG(231, 0)) }

// Damage returns a damaged copy of a file's content: changed bits or bytes, a part that is zero, random, missing or repeated,
// or a missing end. The copy always differs from the original.
func Damage(r *rand.Rand, good []byte) []byte {
	for {
		bad := damage(r, slices.Clone(good))
		if !slices.Equal(bad, good) {
			return bad
		}
	}
}

func damage(r *rand.Rand, b []byte) []byte {
	if len(b) == 0 {
		return []byte{byte(r.Uint32())}
	}
	from := r.IntN(len(b))
	// Half of the damage is in the first 512 bytes, where headers are.
	if r.IntN(2) == 0 {
		from = r.IntN(min(len(b), 512))
	}
	to := from + 1 + r.IntN(min(len(b)-from, 64))
	part := b[from:to]
	switch r.IntN(8) {
	case 0:
		b[from] ^= 1 << r.IntN(8)
	case 1:
		for range 1 + r.IntN(16) {
			b[r.IntN(len(b))] = byte(r.Uint32())
		}
	case 2:
		clear(part)
	case 3: // maximum values, for fields that hold sizes
		for i := range part[:min(len(part), 8)] {
			part[i] = 0xff
		}
	case 4:
		for i := range part {
			part[i] = byte(r.Uint32())
		}
	case 5:
		b = slices.Delete(b, from, to)
	case 6:
		b = slices.Insert(b, from, slices.Clone(part)...)
	default:
		b = b[:from]
	}
	return b
}
