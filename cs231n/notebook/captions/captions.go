// Package captions loads and shows the data of the captioning notebooks. It is separate from package notebook so that the
// cells of other notebooks do not link HDF5.
package captions

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/cs231n-go/assignment3/cs231n/captioning"
	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/display"
	"github.com/cs231n-go/assignment3/cs231n/fetch"
	nb "github.com/cs231n-go/assignment3/cs231n/notebook"
	"github.com/cs231n-go/assignment3/cs231n/scenes"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// Dir returns the folder of the captioning data; see [scenes.Dir]. The first use generates the scenes if there is no other
// data.
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

// Image returns a picture of the data set by its address. If the picture is not available, Image prints one line and returns
// nil, as the original does: pictures disappear from the web.
func Image(address string) image.Image { return get(source(), address) }

// source returns the source of the data set's pictures. Pictures from the web are cached in the user's cache folder, since
// the data folder may be shared by a class and read-only.
func source() fetch.Images {
	images := fetch.Images{Dir: Dir()}
	if dir, err := os.UserCacheDir(); err == nil {
		images.CacheDir = filepath.Join(dir, "cs231n", "pictures")
	}
	return images
}

func get(from fetch.Images, address string) image.Image {
	img, err := from.Get(context.Background(), address)
	if missing, ok := errors.AsType[*fetch.Error](err); ok {
		fmt.Println("URL Error:", missing.Reason, missing.Address)
		return nil
	}
	return nb.Must(img, err)
}

// Show draws the pictures of a batch in a row, each below its lines of text. It leaves out missing pictures.
func Show(urls []string, lines func(i int) []string) {
	// JupyterLab shrinks a picture, text included, that is wider than the cell's output: 848 pixels in a window of 1280.
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

// ShowSamples draws the images of a batch, each with the name of its split, the sampled caption and the true one.
func ShowSamples(split string, data *coco.Data, batch coco.Batch, sampled [][]int32) {
	length := len(batch.Captions) / len(batch.URLs)
	Show(batch.URLs, func(i int) []string {
		truth := batch.Captions[i*length : (i+1)*length]
		return []string{split, data.Vocab.Decode(sampled[i]), "GT: " + data.Vocab.Decode(truth)}
	})
}

// OpenRNN loads an RNN or LSTM that this notebook, or another one in the same folder, has trained on the data.
func OpenRNN(name string, data *coco.Data) (*captioning.RNN, *training.Result) {
	model, run, err := captioning.LoadRNN(nb.OutDir(name), &data.Vocab)
	nb.Check(err)
	return model, run
}

// OpenTransformer is [OpenRNN] for a Transformer.
func OpenTransformer(name string, data *coco.Data) (*captioning.Transformer, *training.Result) {
	model, run, err := captioning.LoadTransformer(nb.OutDir(name), &data.Vocab)
	nb.Check(err)
	return model, run
}

// ShowAttention draws the image of a batch with the sampled caption. Below it draws the attention weights of the
// Transformer that reads this caption: a row of pictures for each layer, a picture for each head.
func ShowAttention(model *captioning.Transformer, data *coco.Data, batch coco.Batch, sampled []int32) {
	ids, words := captioning.ReadBy(&data.Vocab, sampled)
	weights := nb.Must(model.Attention(nb.Backend(), batch.Features, ids))
	Show(batch.URLs, func(int) []string { return []string{strings.Join(words[1:], " ")} })
	for l, heads := range weights {
		var pictures []image.Image
		for h, values := range heads {
			pictures = append(pictures, nb.Must(display.Heatmap{
				Title: fmt.Sprintf("layer %d, head %d", l+1, h+1), Rows: words, Columns: words, Values: values,
			}.Image()))
		}
		nb.Check(display.Show(display.Row(pictures...)))
	}
}

// ShowBestAndWorst draws a row of images with good captions and a row of images with bad ones, each with the model's caption
// and one reference. It takes steps from both ends of the ranking, since the very best captions are much alike.
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
