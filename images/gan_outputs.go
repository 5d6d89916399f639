// Command images draws gan_outputs.png: the last samples of the GAN notebook's three training runs, side by side. Run it
// with `make images`, after `make notebooks` or `make run`.
package main

import (
	"fmt"
	"image"
	"os"
	"path/filepath"

	"github.com/cs231n-go/assignment3/cs231n/display"
	"github.com/cs231n-go/assignment3/cs231n/gan"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

func main() {
	if err := draw("out/notebooks/runs", "images/gan_outputs.png"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func draw(runs, to string) error {
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
