package compiled

import (
	"bytes"
	"crypto/sha256"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/internal/faults"
)

func TestPath(t *testing.T) {
	t.Parallel()
	program, options := []byte("program"), []byte("options")
	c := New("folder", "processor", "plugin")
	path := c.path(program, options)
	require.Regexp(t, `^folder/[0-9a-f]{64}\.xla$`, path)
	require.Equal(t, path, c.path(program, options))
	for _, other := range []string{
		c.path(options, program), c.path(program), c.path([]byte("programoptions")), c.path([]byte("program1"), options),
		New("folder", "processor").path(program, options), New("folder", "processorplugin").path(program, options),
		New("folder", "processor", "", "plugin").path(program, options),
	} {
		require.NotEqual(t, path, other)
	}
}

func TestReadAndWrite(t *testing.T) {
	t.Parallel()
	c := New(t.TempDir())
	path := c.path([]byte("code"))
	_, err := read(path)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, c.write(path, []byte("machine code")))
	old := time.Now().Add(-time.Hour)
	require.NoError(t, os.Chtimes(path, old, old))
	program, err := read(path)
	require.NoError(t, err)
	require.Equal(t, "machine code", string(program))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), info.ModTime(), time.Minute, "the last use")

	data, err := os.ReadFile(path)
	require.NoError(t, err)
	nothing := sha256.Sum256(nil)
	for _, damaged := range [][]byte{nil, data[:10], data[:32], nothing[:], data[:len(data)-1], bytes.Replace(data, []byte("code"), []byte("coda"), 1)} {
		require.NoError(t, os.WriteFile(path, damaged, 0o600))
		_, err = read(path)
		require.ErrorIs(t, err, errDamaged)
	}
	require.Error(t, New(filepath.Join(c.dir, "none")).write("x", nil))
}

func TestSpace(t *testing.T) {
	t.Parallel()
	c := New(t.TempDir())
	c.limit = 1000
	other := filepath.Join(c.dir, "notes.txt")
	require.NoError(t, os.WriteFile(other, make([]byte, 5000), 0o600))
	paths := map[string]string{}
	write := func(name string, size int) {
		paths[name] = c.path([]byte(name))
		require.NoError(t, c.write(paths[name], make([]byte, size)))
	}
	age := func(name string, minutes int) {
		used := time.Now().Add(-time.Duration(minutes) * time.Minute)
		require.NoError(t, os.Chtimes(paths[name], used, used))
	}
	kept := func(names ...string) {
		t.Helper()
		var left []string
		for name, path := range paths {
			if _, err := os.Stat(path); err == nil {
				left = append(left, name)
			}
		}
		require.ElementsMatch(t, names, left)
	}
	write("a", 268) // and 32 bytes of checksum
	write("b", 268)
	write("c", 268)
	age("a", 3)
	age("b", 2)
	age("c", 1)
	write("large", 469)
	kept("a", "b", "c")
	write("d", 68)
	kept("a", "b", "c", "d")
	programs, size, err := Size(c.dir)
	require.NoError(t, err)
	require.Equal(t, 4, programs)
	require.Equal(t, int64(1000), size)
	_, err = read(paths["a"])
	require.NoError(t, err)
	write("e", 368)
	kept("a", "d", "e")
	age("a", 3)
	age("d", 2)
	age("e", 1)
	write("f", 468)
	kept("d", "e", "f")
	require.FileExists(t, other)
	_, _, err = Size(filepath.Join(c.dir, "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestCorruptProgram(t *testing.T) {
	t.Parallel()
	c := New(t.TempDir())
	path, program := c.path([]byte("code")), make([]byte, 3000)
	random := faults.Random()
	for i := range program {
		program[i] = byte(random.Uint64())
	}
	require.NoError(t, c.write(path, program))
	good, err := os.ReadFile(path)
	require.NoError(t, err)
	n := faults.Count(300, 2000)
	for range n {
		require.NoError(t, os.WriteFile(path, faults.Damage(random, good), 0o600))
		_, err := read(path)
		require.ErrorIs(t, err, errDamaged)
	}
	faults.ReportDamaged(t, "compiled programs", n, n)
}
