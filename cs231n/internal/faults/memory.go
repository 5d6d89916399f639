package faults

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// RequireLittleMemory calls use and fails if it allocates more than limit bytes in total. No other test may run in parallel.
func RequireLittleMemory(t testing.TB, limit uint64, use func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	use()
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, limit, "allocated bytes")
}
