//go:build unix

package lock

import (
	"errors"
	"os"
	"syscall"
)

// File locks an open file or folder until [Unlock] or the end of the process. It returns [ErrHeld] while another program
// holds the lock. On a file system without locks, such as some network file systems, it succeeds without locking.
func File(file *os.File) error {
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); errors.Is(err, syscall.EWOULDBLOCK) {
		return ErrHeld
	}
	return nil
}

// Unlock releases the lock. Closing the file is not enough, since a child process that is just starting may still hold the
// descriptor.
func Unlock(file *os.File) { _ = syscall.Flock(int(file.Fd()), syscall.LOCK_UN) }
