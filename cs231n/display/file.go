package display

import (
	"bytes"
	"fmt"
	"image"
	_ "image/jpeg" // photographs of the caption data are JPEG files
	"image/png"
	"io"
	"os"

	"github.com/cs231n-go/assignment3/cs231n/atomicfile"
)

// SavePNG writes a picture to a file. The file appears whole or not at all, also when the program is stopped or the
// disk is full: it is written under another name in the same folder, flushed to the disk and then renamed.
func SavePNG(path string, img image.Image) error {
	var buf bytes.Buffer
	if err := encodePNG(&buf, img); err != nil {
		return fmt.Errorf("display: SavePNG: %s: %w", path, err)
	}
	if err := atomicfile.WriteBytes(path, buf.Bytes()); err != nil {
		return fmt.Errorf("display: SavePNG: %w; check that the folder exists and has room", err)
	}
	return nil
}

// encodePNG trades time for size, since notebooks keep their pictures as text in the repository.
func encodePNG(w io.Writer, img image.Image) error {
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	return encoder.Encode(w, img)
}

// Open reads a picture from a PNG or JPEG file.
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

// ShowFile shows a PNG or JPEG file in the running notebook cell. The notebook keeps the picture itself, so
// that it stays visible where the file is not. A width of 0 shows it in its own size, any other in that many
// pixels.
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
