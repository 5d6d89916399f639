package submit_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/course/submit"
	"github.com/cs231n-go/assignment3/cs231n/internal/faults"
)

// TestPackFullDisk keeps the archive of before if there is no room for a new one.
func TestPackFullDisk(t *testing.T) {
	t.Parallel()
	root, disk := student(t, true, "Because."), faults.NewDisk(t, 1<<20)
	file := filepath.Join(disk.Dir, "a.zip")
	require.NoError(t, os.WriteFile(file, []byte("before"), 0o600))
	disk.Leave(t, 100)
	_, err := submit.Pack(root, file, false)
	require.ErrorContains(t, err, "no space left on device")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "before", string(text))
	disk.Clear(t)
	_, err = submit.Pack(root, file, false)
	require.NoError(t, err)
	require.NotEmpty(t, packed(t, file))
}
