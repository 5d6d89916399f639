package main

import (
	"archive/zip"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestGrade grades a folder with submissions that have nothing to compile. Those that can be graded have their points, and
// the exit status tells that there are others.
func TestGrade(t *testing.T) {
	slow(t)
	t.Parallel()
	dir, out := t.TempDir(), t.TempDir()
	f, err := os.Create(filepath.Join(dir, "ada.zip"))
	require.NoError(t, err)
	z := zip.NewWriter(f)
	w, err := z.Create("cs231n/rnn/step.go")
	require.NoError(t, err)
	_, err = w.Write([]byte("package rnn\n\nfunc StepForward( {\n"))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	require.NoError(t, f.Close())
	require.NoError(t, os.WriteFile(filepath.Join(dir, "broken.zip"), []byte("PK\x03\x04"), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "\x1b[31mred"), 0o755))
	grade := func(args ...string) outcome {
		cmd := command(t, append([]string{"grade", "--out", out}, args...)...)
		cmd.Dir = filepath.Join("..", "..", "..")
		return finish(t, cmd)
	}
	o := grade(dir)
	require.Zero(t, o.status, "%+v", o)
	require.Contains(t, o.stdout, "ada ")
	require.Contains(t, o.stdout, "broken ")
	require.NotContains(t, o.stdout+o.stderr, "\x1b[31mred")
	text, err := os.ReadFile(filepath.Join(out, "ada", "results.json"))
	require.NoError(t, err)
	require.Contains(t, string(text), "cs231n/rnn/step.go:3:19: expected")

	require.NoError(t, os.WriteFile(filepath.Join(dir, "README.md"), nil, 0o600))
	o = grade(dir)
	require.Equal(t, 1, o.status)
	require.Contains(t, o.stdout, "ada ")
	require.Contains(t, o.stderr, "1 of 4 submissions could not be graded: README.md is skipped: it is neither a folder nor an archive")

	o = grade(filepath.Join(dir, "nobody"))
	o.requireFault(t, 1, "nobody: no such file or directory")
	require.Empty(t, o.stdout)
}
