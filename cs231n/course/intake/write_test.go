package intake_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/course/intake"
)

const notebook = `{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}`

func want() []string {
	return []string{"cs231n/rnn/step.go", "cs231n/lstm/step.go", "notebooks/*.ipynb", "?manifest.json"}
}

// file is one entry of an archive or folder.
type file struct {
	name, content string
	mode          fs.FileMode // 0 for a regular file
}

func good(prefix string) []file {
	return []file{
		{prefix + "cs231n/rnn/step.go", "package rnn", 0}, {prefix + "cs231n/lstm/step.go", "package lstm", 0},
		{prefix + "notebooks/RNN.ipynb", notebook, 0}, {prefix + "notebooks/GAN.ipynb", notebook, 0},
		{prefix + "manifest.json", "{}", 0}, {prefix + "README.md", "", 0},
	}
}

func writeZip(t testing.TB, path string, files []file) {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		header := &zip.FileHeader{Name: f.name, Method: zip.Deflate}
		header.SetMode(f.mode | 0o644)
		out, err := w.CreateHeader(header)
		require.NoError(t, err)
		_, err = out.Write([]byte(f.content))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o644))
}

// tarTypes are the types of entries that are no files. A setuid bit stands for a hard link.
func tarTypes() map[fs.FileMode]byte {
	return map[fs.FileMode]byte{
		0: tar.TypeReg, fs.ModeSymlink: tar.TypeSymlink, fs.ModeSetuid: tar.TypeLink, fs.ModeNamedPipe: tar.TypeFifo,
		fs.ModeDevice: tar.TypeBlock, fs.ModeDir: tar.TypeDir,
	}
}

func writeTar(t testing.TB, path string, files []file) {
	t.Helper()
	var b bytes.Buffer
	var w *tar.Writer
	if zipped := gzip.NewWriter(&b); strings.HasSuffix(path, ".tar") {
		w = tar.NewWriter(&b)
	} else {
		defer func() {
			require.NoError(t, zipped.Close())
			require.NoError(t, os.WriteFile(path, b.Bytes(), 0o644))
		}()
		w = tar.NewWriter(zipped)
	}
	for _, f := range files {
		header := &tar.Header{Name: f.name, Mode: 0o644, Typeflag: tarTypes()[f.mode]}
		if header.Typeflag == tar.TypeReg {
			header.Size = int64(len(f.content))
		} else {
			header.Linkname = f.content
		}
		require.NoError(t, w.WriteHeader(header))
		if header.Typeflag == tar.TypeReg {
			_, err := w.Write([]byte(f.content))
			require.NoError(t, err)
		}
	}
	require.NoError(t, w.Close())
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o644))
}

func writeFolder(t testing.TB, path string, files []file) {
	t.Helper()
	for _, f := range files {
		to := filepath.Join(path, filepath.FromSlash(f.name))
		require.NoError(t, os.MkdirAll(filepath.Dir(to), 0o755))
		if f.mode == fs.ModeSymlink {
			require.NoError(t, os.Symlink(f.content, to))
		} else {
			require.NoError(t, os.WriteFile(to, []byte(f.content), 0o644))
		}
	}
}

func open(t testing.TB, path string, limits intake.Limits) ([]string, []string) {
	t.Helper()
	s, err := intake.Open(path, want(), limits)
	require.NoError(t, err)
	var names []string
	for name, content := range s.Files {
		names = append(names, name)
		require.NotEmpty(t, content)
	}
	slices.Sort(names)
	for _, p := range s.Problems {
		require.NotContains(t, p, "\n")
		require.Less(t, len(p), 1000)
	}
	return names, s.Problems
}

func all() []string {
	return []string{"cs231n/lstm/step.go", "cs231n/rnn/step.go", "manifest.json", "notebooks/GAN.ipynb", "notebooks/RNN.ipynb"}
}
