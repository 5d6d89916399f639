package main

import (
	"bytes"
	"encoding/json"
	"image/color"
	"image/png"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/gan"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// TestPictures trains models briefly, draws digits with them and scores them.
func TestPictures(t *testing.T) {
	slow(t)
	t.Parallel()
	data, dir := digitsFolder(t, 640, 200), t.TempDir()
	classifier, model, vanilla := filepath.Join(dir, "digits"), filepath.Join(dir, "diffusion"), filepath.Join(dir, "gan")
	program(t, "train", "digits", "--data", data, "--iters", "60", "--out", classifier).requireDone(t)
	program(t, "train", "gan", "--data", data, "--iters", "1", "--out", vanilla).requireDone(t)
	train := []string{"train", "diffusion", "--data", data, "--channels", "8", "--keep-every", "2", "--out", model}
	program(t, append(train, "--iters", "3")...).requireDone(t, "Iteration 1 of 3, loss: ", "diffusion: 3 iterations done, kept in "+model)
	kept, err := training.Folder(model).Kept()
	require.NoError(t, err)
	require.Len(t, kept, 1)
	require.Equal(t, 2, kept[0].Iteration)
	require.FileExists(t, filepath.Join(model, "samples-000000.png"))
	more := append(train, "--iters", "4", "--resume")
	program(t, more...).requireFault(t, 1, "steps of the learning rate 3, not with steps of the learning rate 4")
	program(t, append(more, "--schedule", "3")...).requireDone(t, "at iteration 3 of 4", "diffusion: 4 iterations done")

	t.Run("sample", func(t *testing.T) {
		t.Parallel()
		draw := func(seed string) []byte {
			out := filepath.Join(t.TempDir(), "new", "samples")
			o := program(t, "sample", "diffusion", "--checkpoint", model, "--digit", "7", "--steps", "2", "--images", "3", "--seed", seed, "--out", out)
			o.requireDone(t, "diffusion: 3 digits drawn, saved in "+out+": grid.png and digits-000.png … digits-002.png\n")
			require.FileExists(t, filepath.Join(out, "grid.png"))
			files, err := filepath.Glob(filepath.Join(out, "*"))
			require.NoError(t, err)
			require.Len(t, files, 4)
			return read(t, out, "digits-002.png")
		}
		first := draw("5")
		require.Equal(t, first, draw("5"))
		require.NotEqual(t, first, draw("6"))
		picture, err := png.Decode(bytes.NewReader(first))
		require.NoError(t, err)
		require.Equal(t, [2]int{gan.Side, gan.Side}, [2]int{picture.Bounds().Dx(), picture.Bounds().Dy()})
		require.Equal(t, color.GrayModel, picture.ColorModel())
	})
	t.Run("eval", func(t *testing.T) {
		t.Parallel()
		with := []string{"--classifier", classifier, "--data", data, "--images", "130"}
		o := program(t, append([]string{"eval", "gan", "--checkpoint", vanilla}, with...)...)
		o.requireDone(t, "gan: 130 pictures beside 200 test images\nFréchet", "read as  0: ")
		o = program(t, append([]string{"eval", "diffusion", "--checkpoint", model, "--steps", "2", "--json"}, with...)...)
		o.requireDone(t)
		var got struct {
			Model  string
			Images int
			Scores map[string]any
		}
		require.NoError(t, json.Unmarshal([]byte(o.stdout), &got))
		require.Equal(t, "diffusion", got.Model)
		require.Equal(t, 130, got.Images)
		require.Greater(t, got.Scores["frechet"], 0.0)
		require.Contains(t, got.Scores, "asked")
		few := program(t, append([]string{"eval", "gan", "--checkpoint", vanilla}, append(with, "--data", someDigits(t, 256))...)...)
		few.requireFault(t, 1, "16 real images for 128 features", "give at least 129")
	})
	t.Run("faults", func(t *testing.T) {
		t.Parallel()
		missing, file := filepath.Join(dir, "missing"), filepath.Join(model, "history.json")
		inProcess("sample", "diffusion", "--checkpoint", missing).requireFault(t, 1, missing, "cs231n train diffusion")
		inProcess("sample", "dcgan", "--checkpoint", missing).requireFault(t, 1, missing, "cs231n train dcgan")
		inProcess("sample", "diffusion", "--checkpoint", vanilla).requireFault(t, 1, vanilla, `of model "gan", not of "diffusion"`)
		inProcess("sample", "gan", "--checkpoint", model).requireFault(t, 1, model, `of model "diffusion", not of "gan"`)
		inProcess("sample", "gan", "--checkpoint", vanilla, "--out", file).requireFault(t, 1, file, "choose another folder with --out")
		inProcess("eval", "gan", "--classifier", missing).requireFault(t, 1, "no classifier in "+missing, "cs231n train digits --out")
		inProcess("eval", "gan", "--classifier", vanilla).requireFault(t, 1, vanilla, `of model "gan", not of "digits"`)
	})
}
