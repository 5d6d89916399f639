// Package atomicfile replaces files atomically. A kill, a crash or a full disk leaves the old file unchanged.
package atomicfile

import (
	"os"
)

// Write calls fill with a temporary file in the folder of path, flushes it to disk and renames it to path. If anything
// fails, path is unchanged and the temporary file is removed. A killed process leaves the temporary file behind. Its name is
// a dot, the name of the file, and digits.
func Write(path string, fill func(file *os.File) error) error { return write(path, fill) }

// WriteBytes is [Write] for bytes in memory.
func WriteBytes(path string, data []byte) error {
	return Write(path, func(file *os.File) error {
		_, err := file.Write(data)
		return err
	})
}
