//go:build unix

package atomicfile

import (
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

func write(path string, fill func(file *os.File) error) error {
	// The temporary file is in the folder of path, so the rename stays within one file system.
	file, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(0o644))
	if err != nil {
		return err
	}
	defer file.Cleanup() // does nothing after the rename
	if err := fill(file.File); err != nil {
		return err
	}
	return file.CloseAtomicallyReplace()
}
