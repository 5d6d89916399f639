package display

import (
	"bytes"
	"fmt"
	"image"
	_ "image/jpeg" // COCO's photographs are JPEG files
	"image/png"
	"io"
	"os"

	"github.com/cs231n-go/assignment3/cs231n/atomicfile"
)

// SavePNG writes an image to a PNG file, atomically; see package atomicfile.
func SavePNG(path string, img image.Image) error {
	var buf bytes.Buffer
	if err := encodePNG(&buf, img); err != nil {
		return fmt.Errorf("display: SavePNG: %s: %w", path, err)
	}
	if err := atomicfile.WriteBytes(path, buf.Bytes()); err != nil {
		return fmt.Errorf("display: SavePNG: %w; check that the folder exists and the disk is not full", err)
	}
	return nil
}

// encodePNG prefers size over speed, since notebooks store images as base64 text.
func encodePNG(w io.Writer, img image.Image) error {
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	return encoder.Encode(w, img)
}

// Open reads an image from a PNG or JPEG file.
func Open(path string) (image.Image, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("display: Open: %w", err)
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("display: Open: %s: %w; only PNG and JPEG files can be shown", path, err)
	}
	return img, nil
}

// ShowFile displays a PNG or JPEG file in the running notebook cell. The notebook stores a copy of the image. The width is in
// pixels; 0 means that of the image.
func ShowFile(path string, width int) error {
	if !InNotebook() {
		return fmt.Errorf("display: ShowFile: %s: %w", path, errNoNotebook)
	}
	img, err := Open(path)
	if err != nil {
		return err
	}
	return show(img, width)
}
