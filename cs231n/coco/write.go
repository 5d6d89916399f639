package coco

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"gonum.org/v1/hdf5"

	"github.com/cs231n-go/assignment3/cs231n/atomicfile"
)

// Write writes a data set as the files that [Load] reads, the features under their names after PCA. It makes
// the folder if need be. Each file appears whole or not at all, and the captions come last: a folder that was
// not finished lacks them.
func Write(dir string, d *Data) error {
	if err := d.check(); err != nil {
		return fmt.Errorf("coco: write %s: %w", dir, err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("coco: write: %w", err)
	}
	err := os.Remove(filepath.Join(dir, captionsFile)) // what is replaced is unfinished from now on
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("coco: write: %w", err)
	}
	vocab, err := json.Marshal(vocabJSON{d.Vocab.Words, d.Vocab.IDs})
	if err != nil {
		return fmt.Errorf("coco: write: %w", err)
	}
	if err := writeFile(dir, vocabFile, vocab); err != nil {
		return err
	}
	for name, s := range d.Splits() {
		if err := writeFile(dir, urlsFile(name), []byte(strings.Join(s.URLs, "\n")+"\n")); err != nil {
			return err
		}
		err := writeHDF5(dir, featuresFile(name, false), func(f *hdf5.File) error {
			return writeSet(f, "features", s.Features, s.Images(), s.Dim)
		})
		if err != nil {
			return err
		}
	}
	return writeHDF5(dir, captionsFile, func(f *hdf5.File) error {
		for name, s := range d.Splits() {
			err := errors.Join(
				writeSet(f, name+"_captions", s.Captions, s.Len(), s.Length),
				writeSet(f, name+"_image_idxs", s.ImageIdxs, s.Len()),
			)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// check refuses what [Load] would refuse to read.
func (d *Data) check() error {
	vocab, err := json.Marshal(vocabJSON{d.Vocab.Words, d.Vocab.IDs})
	if err == nil {
		_, err = parseVocab(vocab)
	}
	if err != nil {
		return err
	}
	for name, s := range d.Splits() {
		if err := s.check(name, len(d.Vocab.Words)); err != nil {
			return err
		}
	}
	if d.Train.Dim != d.Val.Dim {
		return fmt.Errorf("training images have %d features and validation images %d", d.Train.Dim, d.Val.Dim)
	}
	return nil
}

func (s *Split) check(name string, words int) error {
	switch {
	case s.Len() == 0 || s.Images() == 0:
		return fmt.Errorf("the %s split is empty", name)
	case s.Length < 2 || len(s.Captions) != s.Len()*s.Length:
		return fmt.Errorf("the %s split has %d words for %d captions of %d", name, len(s.Captions), s.Len(), s.Length)
	case s.Dim < 1 || len(s.Features) != s.Images()*s.Dim:
		return fmt.Errorf("the %s split has %d feature values for %d images of %d", name, len(s.Features), s.Images(), s.Dim)
	}
	if i := notFinite(s.Features); i >= 0 {
		return fmt.Errorf("image %d of the %s split has the feature %v", i/s.Dim, name, s.Features[i])
	}
	for i, id := range s.Captions {
		if id < 0 || int(id) >= words {
			return fmt.Errorf("caption %d of the %s split holds the id %d, outside the vocabulary of %d words", i/s.Length, name, id, words)
		}
	}
	for i, image := range s.ImageIdxs {
		if image < 0 || int(image) >= s.Images() {
			return fmt.Errorf("caption %d of the %s split belongs to image %d of %d", i, name, image, s.Images())
		}
	}
	for _, url := range s.URLs {
		if !isLine(url) {
			return fmt.Errorf("the %s split has the address %q, which is no line of text", name, url)
		}
	}
	return nil
}

// isLine reports whether an address can be a line of a list, from which [Load] takes the space around it.
func isLine(url string) bool {
	return url != "" && strings.TrimSpace(url) == url && !strings.ContainsAny(url, "\r\n")
}

func writeFile(dir, name string, data []byte) error {
	if err := atomicfile.WriteBytes(filepath.Join(dir, name), data); err != nil {
		return fmt.Errorf("coco: write: %w", err)
	}
	return nil
}

// writeHDF5 lets fill write a file. HDF5 writes to a name and not to an open file, so the library gets the name of the
// temporary file.
func writeHDF5(dir, name string, fill func(f *hdf5.File) error) error {
	path := filepath.Join(dir, name)
	err := atomicfile.Write(path, func(temporary *os.File) error {
		err := withLibrary(func() error {
			file, err := hdf5.CreateFile(temporary.Name(), hdf5.F_ACC_TRUNC)
			if err != nil {
				return err
			}
			return errors.Join(fill(file), file.Close())
		})
		if err != nil {
			return cmp.Or(room(temporary), err)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("coco: write %s: %w", path, err)
	}
	return nil
}

// room is an error if a file cannot grow. HDF5 says of a write that failed only that it did; on a full disk the next
// one fails too, and says why.
func room(file *os.File) error {
	_, err := file.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = file.Write(make([]byte, 64<<10))
	}
	return err
}

func writeSet[T number](f *hdf5.File, name string, values []T, dims ...int) error {
	extent := make([]uint, len(dims))
	for i, d := range dims {
		extent[i] = uint(d)
	}
	space, err := hdf5.CreateSimpleDataspace(extent, nil)
	if err != nil {
		return err
	}
	defer space.Close()
	set, err := f.CreateDataset(name, typeOf[T](), space)
	if err != nil {
		return err
	}
	return errors.Join(set.Write(&values), set.Close())
}
