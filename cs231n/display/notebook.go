package display

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"os"
	"time"

	"github.com/janpfeifer/gonb/gonbui"
	"github.com/janpfeifer/gonb/gonbui/protocol"
)

// InNotebook tells whether the program is a cell that a GoNB kernel runs.
func InNotebook() bool { return gonbui.IsNotebook }

var errNoNotebook = errors.New("this program is no notebook cell; write the picture to a file with SavePNG")

// Show puts a picture into the output of the running notebook cell, after all that was printed before. It returns
// when the notebook has the picture. Outside a notebook it is an error.
func Show(img image.Image) error {
	if !InNotebook() {
		return fmt.Errorf("display: Show: %w", errNoNotebook)
	}
	return show(img, 0)
}

// show sends a picture, to be displayed in the given width unless that is 0.
func show(img image.Image, width int) error {
	var buf bytes.Buffer
	if err := encodePNG(&buf, img); err != nil {
		return fmt.Errorf("display: the picture cannot be encoded: %w", err)
	}
	data := &protocol.DisplayData{
		Data: map[protocol.MIMEType]any{
			protocol.MIMEImagePNG:  buf.Bytes(),
			protocol.MIMETextPlain: fmt.Sprintf("<picture of %dx%d pixels>", img.Bounds().Dx(), img.Bounds().Dy()),
		},
	}
	if width > 0 {
		data.Metadata = map[string]any{string(protocol.MIMEImagePNG): map[string]int{"width": width}}
	}
	return send(data)
}

// ShowImages draws images with [Grid] and shows them in the running notebook cell.
func ShowImages(images [][]float32) error {
	grid, err := Grid(images)
	if err != nil {
		return err
	}
	return Show(grid)
}

// send passes a message on to the notebook, in order with standard output, and waits until it is there.
func send(data *protocol.DisplayData) error {
	for _, f := range []*os.File{os.Stdout, os.Stderr} {
		awaitDrained(f)
	}
	gonbui.SendData(data)
	return awaitSent()
}

// awaitSent waits until the kernel has handled every message sent so far.
func awaitSent() error {
	const patience = 10 * time.Second
	done := make(chan struct{})
	go func() {
		gonbui.Sync()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(patience):
		return fmt.Errorf("display: the notebook's kernel did not answer within %v; restart the kernel and run the cell again", patience)
	}
	if err := gonbui.Error(); err != nil {
		return fmt.Errorf("display: the connection to the notebook's kernel is broken: %w; restart the kernel", err)
	}
	return nil
}
