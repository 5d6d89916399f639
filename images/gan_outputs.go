package main

import (
	"image"
	"path/filepath"

	"github.com/cs231n-go/assignment3/cs231n/display"
	"github.com/cs231n-go/assignment3/cs231n/gan"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// drawDigits draws the last samples of the three GANs side by side.
func drawDigits(runs, to string) error {
	var pictures []image.Image
	for _, p := range []struct{ model, title string }{
		{"gan", "Vanilla GAN"}, {"lsgan", "LSGAN"}, {"dcgan", "DCGAN"},
	} {
		run, err := gan.Load(training.Folder(filepath.Join(runs, p.model)), nil, nil)
		if err != nil {
			return err
		}
		grid, err := display.Grid(run.Samples[len(run.Samples)-1].Images)
		if err != nil {
			return err
		}
		pictures = append(pictures, display.Caption(grid, grid.Bounds().Dx()+20, p.title))
	}
	return display.SavePNG(to, display.Row(pictures...))
}
