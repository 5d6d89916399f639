package coco

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/hdf5"

	"github.com/cs231n-go/assignment3/cs231n/atomicfile"
)

// Write writes a data set as the files that [Load] reads, the features under their names after PCA. It creates the folder
// if necessary. It replaces each file atomically and writes the captions last, so that an incomplete folder lacks them.
func Write(dir string, d *Data) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("coco: write %s: %w", dir, err)
		}
	}()
	if err := d.check(); err != nil {
		return err
	}
	vocab, err := json.Marshal(d.Vocab)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(dir, captionsFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := atomicfile.WriteBytes(filepath.Join(dir, vocabFile), vocab); err != nil {
		return err
	}
	for name, s := range d.Splits() {
		urls := []byte(strings.Join(s.URLs, "\n") + "\n")
		if err := atomicfile.WriteBytes(filepath.Join(dir, urlsFile(name)), urls); err != nil {
			return err
		}
		err := writeHDF5(filepath.Join(dir, featuresFile(name, false)), func(f *hdf5.File) error {
			return writeSet(f, "features", s.Features, uint(s.Images()), uint(s.Dim))
		})
		if err != nil {
			return err
		}
	}
	return writeHDF5(filepath.Join(dir, captionsFile), func(f *hdf5.File) (err error) {
		for name, s := range d.Splits() {
			err = errors.Join(err,
				writeSet(f, name+"_captions", s.Captions, uint(s.Len()), uint(s.Length)),
				writeSet(f, name+"_image_idxs", s.ImageIdxs, uint(s.Len())))
		}
		return err
	})
}

// check refuses a data set that [Load] would refuse.
func (d *Data) check() error {
	if err := d.Vocab.check(); err != nil {
		return err
	}
	for name, s := range d.Splits() {
		if err := cmp.Or(s.checkFeatures(name), s.checkCaptions(name, len(d.Vocab.Words))); err != nil {
			return err
		}
		if i := slices.IndexFunc(s.URLs, func(url string) bool { return !isLine(url) }); i >= 0 {
			return fmt.Errorf("the %s split has the address %q, which is not a line of text", name, s.URLs[i])
		}
	}
	return d.checkDims()
}

// isLine reports whether an address can be a line of a list. [Load] removes the space around a line.
func isLine(url string) bool {
	return url != "" && strings.TrimSpace(url) == url && !strings.ContainsAny(url, "\r\n")
}

// writeHDF5 calls fill to write a file, atomically. HDF5 opens files by name, so it gets the name of the temporary file.
func writeHDF5(path string, fill func(f *hdf5.File) error) error {
	return atomicfile.Write(path, func(temporary *os.File) error {
		err := withLibrary(func() error {
			file, err := hdf5.CreateFile(temporary.Name(), hdf5.F_ACC_TRUNC)
			if err != nil {
				return err
			}
			return errors.Join(fill(file), file.Close())
		})
		if err != nil {
			return fmt.Errorf("%s: %w", path, cmp.Or(grow(temporary), err))
		}
		return nil
	})
}

// grow returns an error if a file cannot grow. HDF5 does not say why a write failed; on a full disk another write fails
// as well, with the cause.
func grow(file *os.File) error {
	_, err := file.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = file.Write(make([]byte, 64<<10))
	}
	return err
}

func writeSet[T number](f *hdf5.File, name string, values []T, dims ...uint) error {
	space, err := hdf5.CreateSimpleDataspace(dims, nil)
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
