// Package captions is the part of package notebook that the captioning notebooks use: their data, their
// pictures, and training to be watched. It stands apart so that other notebooks' cells do not have to be
// linked with HDF5.
package captions

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/cs231n-go/assignment3/cs231n/captioning"
	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/display"
	"github.com/cs231n-go/assignment3/cs231n/fetch"
	nb "github.com/cs231n-go/assignment3/cs231n/notebook"
	"github.com/cs231n-go/assignment3/cs231n/scenes"
)

// Dir is the folder of the captioning data; see [scenes.Dir]. It makes the scenes at the first use if there is no other data.
func Dir() string {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	progress := display.NewProgress(nil)
	progress.Unit = "steps"
	// A notebook runs in the folder notebooks of the checkout.
	dir, err := scenes.Dir(ctx, "..", os.Stdout, func(done, total int) { progress.Step(done, total) })
	nb.Check(errors.Join(err, progress.Done()))
	return dir
}

// Load loads the captioning data; see [coco.Load].
func Load(o coco.Options) *coco.Data { return nb.Must(coco.Load(Dir(), o)) }

// Image gets a picture by its address in the data set. Where it cannot be had, that is said in one line and
// the result is nil, as in the original: pictures of the web come and go.
func Image(address string) image.Image { return get(source(), address) }

// source is where the data set's pictures come from.
func source() fetch.Images {
	dir := Dir()
	return fetch.Images{Dir: dir, CacheDir: filepath.Join(dir, "cache")}
}

func get(from fetch.Images, address string) image.Image {
	img, err := from.Get(context.Background(), address)
	if missing, ok := errors.AsType[*fetch.Error](err); ok {
		fmt.Println("URL Error:", missing.Reason, missing.Address)
		return nil
	}
	return nb.Must(img, err)
}

// Show draws the pictures of a batch in a row, each below its lines of text. Pictures that cannot be had are
// left out.
func Show(urls []string, lines func(i int) []string) {
	// JupyterLab shrinks what is wider than a cell's output, letters and all. In a window of 1280 pixels that is 848.
	width := 420
	if len(urls) > 2 {
		width = 280
	}
	from := source()
	var pictures []image.Image
	for i, url := range urls {
		if img := get(from, url); img != nil {
			pictures = append(pictures, display.Caption(img, width, lines(i)...))
		}
	}
	if len(pictures) > 0 {
		nb.Check(display.Show(display.Row(pictures...)))
	}
}

// ShowBestAndWorst draws a row of images that were described well and a row of images that were not, each with
// what the model said and one of the captions that it was compared with. It goes through the ends of the
// ranking in steps, since the very best captions are much alike.
func ShowBestAndWorst(e *captioning.Evaluation) {
	const count = 3
	step := max(1, len(e.Images)/50)
	var best, worst []captioning.Described
	for i := range min(count, len(e.Images)) {
		best = append(best, e.Images[i*step])
		worst = append(worst, e.Images[len(e.Images)-1-i*step])
	}
	for _, row := range [][]captioning.Described{best, worst} {
		var urls []string
		for _, d := range row {
			urls = append(urls, d.URL)
		}
		Show(urls, func(i int) []string { return []string{row[i].Caption, "GT: " + row[i].References[0]} })
	}
}
