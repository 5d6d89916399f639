package sandbox

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestReadFile reads what a hostile program can leave in place of its results.
func TestReadFile(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	require.NoError(t, os.WriteFile(in("good"), []byte("12345"), 0o644))
	require.NoError(t, os.Symlink("/etc/passwd", in("link")))
	require.NoError(t, os.Symlink("good", in("inside")))
	require.NoError(t, unix.Mkfifo(in("pipe"), 0o644))
	require.NoError(t, os.Mkdir(in("dir"), 0o755))
	for name, want := range map[string]string{
		"link": "path escapes", "pipe": "pipe is not a regular file", "dir": "dir is not a regular file", "missing": "no such file",
	} {
		_, err := ReadFile(dir, name, 5)
		require.ErrorContains(t, err, want)
	}
	for _, name := range []string{"good", "inside"} {
		b, err := ReadFile(dir, name, 5)
		require.NoError(t, err)
		require.Equal(t, "12345", string(b))
	}
	_, err := ReadFile(dir, "good", 4)
	require.ErrorContains(t, err, "good has more than 4 bytes")
}

func TestParseStat(t *testing.T) {
	t.Parallel()
	line := "7 (a) b) (c) S 3 7 7 0 -1 4194560 1 2 3 4 100 50 7 3 20 0 12 0 9 1000 25 18446744073709551615 1"
	p, ok := parseStat([]byte(line))
	require.True(t, ok)
	require.Equal(t, process{parent: 3, threads: 12, cpu: 1600 * time.Millisecond, resident: 25 * int64(os.Getpagesize())}, p)
	_, ok = parseStat([]byte("7 (a"))
	require.False(t, ok)
	p, ok = parseStat(must(os.ReadFile("/proc/self/stat")))
	require.True(t, ok)
	require.Equal(t, syscall.Getppid(), p.parent)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
