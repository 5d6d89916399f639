package display_test

import (
	"fmt"
	"os"

	"github.com/cs231n-go/assignment3/cs231n/display"
)

// A flat batch is split into images and drawn as a grid.
func ExampleGrid() {
	batch := make([]float32, 16*28*28)
	images, err := display.Split(batch, 28*28)
	if err != nil {
		fmt.Println(err)
		return
	}
	grid, err := display.Grid(images)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(images), "images in a picture of", grid.Bounds().Size())
	// Output: 16 images in a picture of (458,458)
}

// Outside a notebook or terminal, a short loop prints one line.
func ExampleProgress() {
	progress := display.NewProgress(os.Stdout, "loss")
	progress.Step(1, 1, 0.25)
	if err := progress.Done(); err != nil {
		fmt.Println(err)
	}
	// Output: 1/1 iterations in 0:00  loss 0.25
}
