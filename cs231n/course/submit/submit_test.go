package submit_test

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/course"
	"github.com/cs231n-go/assignment3/cs231n/course/assess"
	"github.com/cs231n-go/assignment3/cs231n/course/submit"
)

// student makes a folder like the student's edition with the released files of the exercises, solved files in their place
// if solved is set, and notebooks that have a cell for each answer.
func student(t *testing.T, solved bool, answer string) string {
	t.Helper()
	layout, err := assess.Open("../../..")
	require.NoError(t, err)
	root := t.TempDir()
	write := func(path, text string) {
		path = filepath.Join(root, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	files := layout.Blank()
	for path, text := range files {
		write(assess.Release+"/"+path, string(text))
	}
	if solved {
		files = layout.Reference()
	}
	for path, text := range files {
		write(path, string(text))
	}
	cells := map[string][]string{}
	for _, q := range course.Questions() {
		cells[q.Notebook] = append(cells[q.Notebook], fmt.Sprintf(`{"cell_type": "markdown", "metadata": {"tags": [%q]}, "source": ["**Your answer:**\n", %q]}`, q.ID, answer))
	}
	for name, list := range cells {
		run := "null"
		if solved {
			run = "3"
		}
		list = append(list, fmt.Sprintf(`{"cell_type": "code", "execution_count": %s, "metadata": {}, "source": "1"}`, run))
		write("notebooks/"+name+".ipynb", `{"cells": [`+strings.Join(list, ",")+`]}`)
	}
	return root
}

// packed lists the files of an archive, and checks that its manifest has the others.
func packed(t *testing.T, file string) []string {
	t.Helper()
	archive, err := zip.OpenReader(file)
	require.NoError(t, err)
	defer archive.Close()
	var names []string
	for _, f := range archive.File {
		names = append(names, f.Name)
	}
	text, err := archive.Open("manifest.json")
	require.NoError(t, err)
	var manifest submit.Manifest
	require.NoError(t, json.NewDecoder(text).Decode(&manifest))
	listed := append(slices.Collect(maps.Keys(manifest.Files)), "manifest.json")
	require.ElementsMatch(t, names, listed)
	return names
}

// TestPack packs a complete solution, with the notebook that is a bonus.
func TestPack(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "a.zip")
	message, err := submit.Pack(student(t, true, "Because."), file, false)
	require.NoError(t, err)
	names := packed(t, file)
	require.Contains(t, names, "notebooks/LSTM_Captioning.ipynb")
	require.Contains(t, names, "cs231n/rnn/step.go")
	require.Len(t, names, len(assess.Files())+4+1)
	require.Equal(t, fmt.Sprintf("%s has your %d files; submit it as your course asks", file, len(names)-1), message)
}

// TestPackMissing refuses an incomplete solution, says in one line what is missing, and packs it with --force.
func TestPackMissing(t *testing.T) {
	t.Parallel()
	root, file := student(t, false, " "), filepath.Join(t.TempDir(), "a.zip")
	require.NoError(t, os.Remove(filepath.Join(root, "cs231n/rnn/step.go")))
	require.NoError(t, os.WriteFile(filepath.Join(root, "cs231n/gan/loss.go"), []byte("package gan\n}"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(root, "notebooks/Transformer_Captioning.ipynb"), []byte("{"), 0o600))
	const missing = "cs231n/rnn/step.go is missing; cs231n/gan/loss.go:2:1: expected declaration, found '}'; " +
		"notebooks/Transformer_Captioning.ipynb is not a notebook; " +
		"exercises that are not done: rnn-forward, rnn-backward, embedding-forward, embedding-backward, rnn-loss, rnn-sample, attention, " +
		"position-table, position-encoding, transformer-scores, gan-noise, gan-discriminator, gan-generator, dc-classifier, dc-generator; " +
		"questions without an answer: rnn-q1, gan-q1, gan-q2, gan-q3, gan-q4, gan-q5, gan-q6; " +
		"notebooks to run and save: RNN_Captioning, Generative_Adversarial_Networks"
	_, err := submit.Pack(root, file, false)
	require.EqualError(t, err, "nothing was packed: "+missing+"; --force packs the solution as it is")
	require.NoFileExists(t, file)

	message, err := submit.Pack(root, file, true)
	require.NoError(t, err)
	require.True(t, strings.HasSuffix(message, "; still missing: "+missing), message)
	require.Len(t, packed(t, file), len(assess.Files())-1+4+1)
}

// TestPackUnreadable names files that are there but cannot be read.
func TestPackUnreadable(t *testing.T) {
	t.Parallel()
	root, file := student(t, true, "Because."), filepath.Join(t.TempDir(), "a.zip")
	for _, path := range []string{"cs231n/gan/loss.go", "notebooks/RNN_Captioning.ipynb"} {
		require.NoError(t, os.Remove(filepath.Join(root, path)))
		require.NoError(t, os.Mkdir(filepath.Join(root, path), 0o755))
	}
	_, err := submit.Pack(root, file, false)
	require.EqualError(t, err, "nothing was packed: cs231n/gan/loss.go cannot be read: is a directory; "+
		"notebooks/RNN_Captioning.ipynb cannot be read: is a directory; --force packs the solution as it is")
}
