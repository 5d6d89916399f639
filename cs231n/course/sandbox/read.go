package sandbox

import (
	"fmt"
	"io"
	"os"
	"syscall"
)

// ReadFile reads a file that an untrusted program has written: the file called name in a scratch folder. It returns an
// error for a link that leaves the folder, for a pipe or a device, and for a file of more than limit bytes.
func ReadFile(scratch, name string, limit int64) ([]byte, error) {
	root, err := os.OpenRoot(scratch)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // opening a pipe must not block
	if err != nil {
		return nil, err
	}
	defer f.Close()
	switch info, err := f.Stat(); {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file", name)
	}
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("%s has more than %d bytes", name, limit)
	}
	if err != nil {
		return nil, err
	}
	return b, nil
}
