//go:build unix

package lock

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestExplain has the errors of file systems without locks, of a lock that is held, and others.
func TestExplain(t *testing.T) {
	t.Parallel()
	for _, err := range []error{nil, syscall.ENOTSUP, syscall.EOPNOTSUPP, syscall.ENOSYS, syscall.ENOLCK, syscall.EBADF, syscall.EINVAL} {
		require.NoError(t, explain(err))
	}
	require.Equal(t, ErrHeld, explain(syscall.EWOULDBLOCK))
	for _, err := range []error{syscall.EIO, syscall.EACCES, syscall.ESTALE} {
		require.ErrorIs(t, explain(err), err)
		require.NotErrorIs(t, explain(err), ErrHeld)
	}
}
