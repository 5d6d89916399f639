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

// InNotebook reports whether the program is a cell of a GoNB notebook.
func InNotebook() bool { return gonbui.IsNotebook }

var errNoNotebook = errors.New("this program is not a notebook cell; use SavePNG to write the image to a file")

// Show displays an image in the output of the running notebook cell, after the text printed so far. It returns when the
// kernel has received the image. Outside a notebook it returns an error.
func Show(img image.Image) error {
	if !InNotebook() {
		return fmt.Errorf("display: Show: %w", errNoNotebook)
	}
	return show(img, 0)
}

// show displays an image with the given width in pixels; 0 means that of the image.
func show(img image.Image, width int) error {
	var buf bytes.Buffer
	if err := encodePNG(&buf, img); err != nil {
		return fmt.Errorf("display: cannot encode the image: %w", err)
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

// ShowImages displays images in the running notebook cell, drawn with [Grid].
func ShowImages(images [][]float32) error {
	grid, err := Grid(images)
	if err != nil {
		return err
	}
	return Show(grid)
}

// ShowTable displays images in the running notebook cell, drawn with [Table].
func ShowTable(images [][]float32, columns int) error {
	table, err := Table(images, columns)
	if err != nil {
		return err
	}
	return Show(table)
}

// send sends a message to the kernel, in order with standard output, and waits until the kernel has received it.
func send(data *protocol.DisplayData) error {
	for _, f := range []*os.File{os.Stdout, os.Stderr} {
		awaitDrained(f)
	}
	gonbui.SendData(data)
	return awaitSent()
}

// awaitSent waits until the kernel has handled all messages.
func awaitSent() error {
	const timeout = 10 * time.Second
	done := make(chan struct{})
	go func() {
		gonbui.Sync()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(timeout):
		return fmt.Errorf("display: the notebook's kernel did not answer within %v; restart the kernel and run the cell again", timeout)
	}
	if err := gonbui.Error(); err != nil {
		return fmt.Errorf("display: the connection to the notebook's kernel is broken: %w; restart the kernel", err)
	}
	return nil
}
