//go:build !unix

package atomicfile

import (
	"errors"
	"os"
	"path/filepath"
)

// write is for systems that renameio does not support, such as Windows, where a rename is not guaranteed to be atomic.
func write(path string, fill func(file *os.File) error) error {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"*")
	if err != nil {
		return err
	}
	err = fill(file)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		_ = os.Remove(file.Name())
	}
	return err
}
