package faults

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// RequireLittleMemory calls use and fails if that asks for more than limit bytes, together and not at once. Nothing
// else may run beside it.
func RequireLittleMemory(t testing.TB, limit uint64, use func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	use()
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, limit, "bytes asked for")
}
