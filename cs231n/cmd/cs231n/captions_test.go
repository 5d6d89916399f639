package main

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// smallCaptions is a data set in COCO's format that the captioning package's goldens come from.
const smallCaptions = "../../captioning/testdata/small"

// earlierRun returns a folder with a run of four iterations that the captioning package keeps.
func earlierRun(t *testing.T, kind string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	checkpoint := read(t, "..", "..", "captioning", "testdata", "v1", kind+".safetensors")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "checkpoint.safetensors"), checkpoint, 0o644))
	return dir
}

// TestCaptions trains a captioning model, resumes it, and uses it: the losses are NumPy's.
func TestCaptions(t *testing.T) {
	slow(t)
	t.Parallel()
	for _, kind := range []string{"rnn", "lstm"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			out := filepath.Join(t.TempDir(), "run")
			flags := []string{
				"train", kind, "--data", smallCaptions, "--seed", "231", "--max-train", "50", "--batch", "10",
				"--hidden", "32", "--wordvec", "16", "--out", out, "--iters",
			}
			program(t, append(flags, "13")...).requireDone(t, "(Iteration 1 / 13) loss: ", "(Iteration 11 / 13) loss: ", kind+": 13 iterations done, kept in "+out)
			program(t, append(flags, "20", "--resume")...).requireDone(t, "at iteration 13 of 20", kind+": 20 iterations done")

			var got struct {
				Model string
				Seed  uint64
				Loss  []float64
			}
			require.NoError(t, json.Unmarshal(read(t, out, "history.json"), &got))
			require.Equal(t, kind, got.Model)
			require.EqualValues(t, 231, got.Seed)
			var numpy struct {
				Runs []struct {
					Cell, Rule, DType string
					Losses            []float64
				}
			}
			require.NoError(t, json.Unmarshal(read(t, "..", "..", "captioning", "testdata", "curves.json"), &numpy))
			compared := false
			for _, run := range numpy.Runs {
				if run.Cell == kind && run.Rule == "adam" && run.DType == "float32" {
					require.InEpsilonSlice(t, run.Losses[:20], got.Loss, 1e-5)
					compared = true
				}
			}
			require.True(t, compared)

			sampled := program(t, "sample", kind, "--checkpoint", out, "--data", smallCaptions, "--split", "train", "--images", "3", "--seed", "7")
			sampled.requireDone(t)
			data, err := coco.Load(smallCaptions, coco.Options{})
			require.NoError(t, err)
			rows := rng.NewNumPy(7).Choice(data.Train.Len(), 3)
			lines := bufio.NewScanner(strings.NewReader(sampled.stdout))
			for _, row := range rows {
				require.True(t, lines.Scan())
				var line captioned
				require.NoError(t, json.Unmarshal(lines.Bytes(), &line))
				require.Equal(t, data.Train.ImageIdxs[row], line.Image)
				require.Equal(t, data.Train.URLs[line.Image], line.URL)
				require.Equal(t, data.Vocab.Decode(data.Train.Caption(row)), line.Truth)
				require.NotEmpty(t, line.Caption)
			}
			require.False(t, lines.Scan())

			eval := []string{"eval", kind, "--checkpoint", out, "--data", smallCaptions}
			if kind == "rnn" {
				program(t, eval...).requireDone(t, "rnn on 12 images of val\n", "BLEU-4")
				return
			}
			scored := evaluatedJSON(t, append(eval, "--split", "train")...)
			require.Equal(t, []any{kind, "train", float64(data.Train.Images())}, []any{scored["model"], scored["split"], scored["images"]})
			require.NotContains(t, scored, "details")
		})
	}
}

// evaluatedJSON runs the real program and reads the object that it prints, which has scores above 0.
func evaluatedJSON(t *testing.T, args ...string) (object map[string]any) {
	t.Helper()
	o := program(t, append(args, "--json")...)
	o.requireDone(t)
	require.NoError(t, json.Unmarshal([]byte(o.stdout), &object))
	bleu := object["scores"].(map[string]any)["bleu"].([]any)
	require.Len(t, bleu, 4)
	require.Greater(t, bleu[0], 0.0)
	return object
}

// TestCaptionFaults uses captioning models with something wrong: the error is one line that names it.
func TestCaptionFaults(t *testing.T) {
	slow(t)
	t.Parallel()
	out := earlierRun(t, "rnn")
	train := slices.Clip([]string{"train", "rnn", "--data", smallCaptions, "--max-train", "30", "--batch", "10", "--hidden", "5", "--wordvec", "4", "--out", out})
	other := t.TempDir()
	require.NoError(t, os.CopyFS(other, os.DirFS(smallCaptions)))
	vocab := strings.ReplaceAll(string(read(t, other, "coco2014_vocab.json")), `"red"`, `"rot"`)
	require.NoError(t, os.WriteFile(filepath.Join(other, "coco2014_vocab.json"), []byte(vocab), 0o644))
	missing := filepath.Join(t.TempDir(), "missing")
	for _, c := range []struct {
		name string
		args []string
		says []string
	}{
		{"no data", append(train, "--data", missing), []string{missing, "data make"}},
		{"another rule's run", append(train, "--rule", "sgd", "--resume"), []string{out, "adam"}},
		{"no model", []string{"sample", "rnn", "--checkpoint", missing, "--data", smallCaptions}, []string{missing, "train first"}},
		{"heads that do not divide", []string{"train", "transformer", "--data", smallCaptions, "--heads", "3", "--wordvec", "16", "--out", missing}, []string{"3 heads do not divide the word vectors of 16"}},
		{"captions longer than the model", []string{"train", "transformer", "--data", smallCaptions, "--max-length", "5", "--wordvec", "16", "--out", t.TempDir()}, []string{"captions have 8 words to read", "5 at most"}},
		{"an RNN as a Transformer", []string{"sample", "transformer", "--checkpoint", out, "--data", smallCaptions}, []string{out, `"rnn", not of "transformer"`}},
		{"another model", []string{"sample", "lstm", "--checkpoint", out, "--data", smallCaptions}, []string{out, `"rnn", not "lstm"`}},
		{"another vocabulary", []string{"eval", "rnn", "--checkpoint", out, "--data", other}, []string{out, "another vocabulary"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			program(t, c.args...).requireFault(t, 1, c.says...)
		})
	}
}

// TestTransformer trains a Transformer, resumes it, and uses it: the losses are PyTorch's.
func TestTransformer(t *testing.T) {
	slow(t)
	t.Parallel()
	out := filepath.Join(t.TempDir(), "run")
	flags := []string{
		"train", "transformer", "--data", smallCaptions, "--seed", "231", "--max-train", "50", "--batch", "10", "--wordvec", "16",
		"--heads", "2", "--layers", "2", "--max-length", "30", "--out", out, "--iters",
	}
	program(t, append(flags, "7")...).requireDone(t, "(Iteration 1 / 7) loss: ")
	program(t, append(flags, "20", "--resume")...).requireDone(t, "transformer: 20 iterations done")
	var got struct{ Loss []float64 }
	require.NoError(t, json.Unmarshal(read(t, out, "history.json"), &got))
	var pytorch struct {
		Runs []struct {
			DType  string
			Losses []float64
		}
	}
	require.NoError(t, json.Unmarshal(read(t, "..", "..", "captioning", "testdata", "transformer.json"), &pytorch))
	require.Equal(t, "float32", pytorch.Runs[0].DType)
	require.InEpsilonSlice(t, pytorch.Runs[0].Losses[:20], got.Loss, 1e-5)

	use := []string{"--checkpoint", out, "--data", smallCaptions}
	sampled := program(t, append([]string{"sample", "transformer", "--beam", "3"}, use...)...)
	sampled.requireDone(t, `"caption":"`)
	require.Equal(t, 2, strings.Count(sampled.stdout, "\n"))
	details := evaluatedJSON(t, append([]string{"eval", "transformer", "--details"}, use...)...)["details"].([]any)
	require.Len(t, details, 12)
	best := details[0].(map[string]any)
	require.NotEmpty(t, best["caption"])
	require.NotEmpty(t, best["references"])
	require.GreaterOrEqual(t, best["score"], details[11].(map[string]any)["score"])
}
