// Package faults is what the tests of kills, full disks and damaged files share: how many of each there are, how
// files are damaged, and the count that `make faults` prints.
package faults

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// tally is the environment variable with the file that the long run counts in. Without it, tests do a few of
// each fault.
const tally = "CS231N_FAULTS"

// Count is how many faults a test is to make: few in normal tests, many in the long run.
func Count(few, many int) int {
	if os.Getenv(tally) != "" {
		return many
	}
	return few
}

// Report counts faults that a test survived, with a note, for the table of the long run.
func Report(t testing.TB, kind, what string, count int, note string) {
	t.Helper()
	t.Logf("%s, %s: %d; %s", kind, what, count, note)
	path := os.Getenv(tally)
	if path == "" {
		return
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	require.NoError(t, err)
	_, err = fmt.Fprintf(file, "%s\t%s\t%d\t%s\n", kind, what, count, note) // one write: tests run side by side
	require.NoError(t, err)
	require.NoError(t, file.Close())
}

// ReportDamaged is Report for damaged inputs of one kind.
func ReportDamaged(t testing.TB, what string, count, refused int) {
	t.Helper()
	require.Positive(t, refused, "no damage was noticed: are the files damaged at all?")
	Report(t, "damaged", what, count, fmt.Sprintf("%d of them refused", refused))
}

// Random is a source for the choices of one test, the same in each run.
func Random() *rand.Rand { return rand.New(rand.NewPCG(231, 0)) }

// Damage returns a damaged copy of a file: bits or bytes that changed, a part that is zeros, missing, doubled or
// random, an end that is missing or too long. It never returns what it was given.
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
	// Headers are at the beginning and small: every other damage is there.
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
	case 3: // sizes that are as large as can be
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
