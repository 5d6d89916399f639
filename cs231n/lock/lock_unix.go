//go:build unix

package lock

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
)

// File locks an open file or folder until [Unlock] or the end of the process. It returns [ErrHeld] while another program
// holds the lock. On a file system without locks, such as some network file systems, it succeeds without locking.
func File(file *os.File) error {
	var locked error
	raw, err := file.SyscallConn()
	if err == nil {
		err = raw.Control(func(fd uintptr) { locked = flock(int(fd)) })
	}
	if err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	return explain(locked)
}

// flock repeats the system call when a signal interrupts it, as on network file systems.
func flock(fd int) error {
	for {
		if err := syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB); err != syscall.EINTR {
			return err
		}
	}
}

// explain turns an error of flock into one of File.
func explain(err error) error {
	// NFS without its lock service returns ENOLCK. NFS also returns EBADF for a file or folder that is open for reading.
	without := []error{syscall.ENOTSUP, syscall.EOPNOTSUPP, syscall.ENOSYS, syscall.ENOLCK, syscall.EBADF, syscall.EINVAL}
	switch {
	case err == nil || slices.Contains(without, err):
		return nil
	case errors.Is(err, syscall.EWOULDBLOCK):
		return ErrHeld
	}
	return fmt.Errorf("lock: %w", err)
}

// Unlock releases the lock. Closing the file is not enough, since a child process that is just starting may still hold the
// descriptor.
func Unlock(file *os.File) { _ = syscall.Flock(int(file.Fd()), syscall.LOCK_UN) }
