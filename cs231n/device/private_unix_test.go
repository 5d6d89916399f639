//go:build unix

package device

import (
	"io/fs"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestJudge(t *testing.T) {
	const me, other = 1000, 1001
	tests := []struct {
		mode           fs.FileMode
		uid, gid, user int
		want           string // empty if the folder is private
	}{
		{0o755, me, me, me, ""},
		{0o755, 0, 0, me, ""},
		{0o755, 0, 0, 0, ""},
		{0o775, me, me, me, ""}, // the user's own group
		{0o775, me, 100, me, "group 100 can write"},
		{0o775, 0, 0, me, "group 0 can write"},
		{0o775, 0, 0, 0, ""},
		{0o777, me, me, me, "every user can write"},
		{0o757, me, me, me, "every user can write"},
		{fs.ModeSticky | 0o777, 0, 0, me, "every user can write"}, // /tmp
		{0o755, other, other, me, "belongs to user 1001 and not to you (1000) or root"},
		{0o700, other, other, 0, "belongs to user 1001"},
	}
	for _, test := range tests {
		err := judge("folder", test.mode, test.uid, test.gid, test.user)
		if test.want == "" {
			require.NoError(t, err, test)
		} else {
			require.ErrorContains(t, err, test.want, test)
		}
	}
}
