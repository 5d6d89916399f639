package main

import (
	"image"
	"os"
	"path/filepath"
	"strings"

	"github.com/cs231n-go/assignment3/cs231n/captioning"
	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/device"
	"github.com/cs231n-go/assignment3/cs231n/display"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// drawCaptions draws three scenes that the Transformer of the notebook describes. Below each is a map of the weights with
// which the words attend to earlier words in a head of the second layer.
func drawCaptions(runs, to string) error {
	const dir, count = "datasets/scenes", 3
	backend, err := device.Open(device.Warn(os.Stderr))
	if err != nil {
		return err
	}
	defer backend.Finalize()
	data, err := coco.Load(dir, coco.Options{})
	if err != nil {
		return err
	}
	model, _, err := captioning.LoadTransformer(training.Folder(filepath.Join(runs, "transformer-full")), &data.Vocab)
	if err != nil {
		return err
	}
	batch, err := data.Val.Minibatch(count, rng.NewNumPy(5))
	if err != nil {
		return err
	}
	sampled, err := model.Sample(backend, batch.Features, captioning.SampleOptions{})
	if err != nil {
		return err
	}
	var columns []image.Image
	for i, url := range batch.URLs {
		picture, err := display.Open(filepath.Join(dir, url))
		if err != nil {
			return err
		}
		ids, words := captioning.ReadBy(&data.Vocab, sampled[i])
		weights, err := model.Attention(backend, batch.Features[i*data.Val.Dim:(i+1)*data.Val.Dim], ids)
		if err != nil {
			return err
		}
		attention, err := display.Heatmap{Rows: words, Columns: words, Values: weights[1][0]}.Image()
		if err != nil {
			return err
		}
		caption := display.Caption(picture, 330, strings.Join(words[1:], " "))
		columns = append(columns, display.Column(caption, attention))
	}
	return display.SavePNG(to, display.Row(columns...))
}
