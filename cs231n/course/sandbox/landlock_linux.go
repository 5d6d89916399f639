package sandbox

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Versions of Landlock, and what is new in them. The library github.com/landlock-lsm/go-landlock does not fit: it does
// not link with this project's -linkmode=internal, and what it adds, restricting all threads, a new program needs not.
const (
	landlockRefer    = 2 // moving files between folders
	landlockTruncate = 3 // truncating files: without it a program could empty the user's files
	landlockIoctl    = 5 // commands to devices
	landlockScope    = 6 // signals to other programs
)

// Rights of Landlock.
const (
	readFile  = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE
	writeFile = readFile | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE
	readDir   = readFile | unix.LANDLOCK_ACCESS_FS_READ_DIR
	version1  = 1<<13 - 1 // all rights of version 1
	writeDir  = version1&^(unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK|unix.LANDLOCK_ACCESS_FS_MAKE_CHAR) |
		unix.LANDLOCK_ACCESS_FS_REFER | unix.LANDLOCK_ACCESS_FS_TRUNCATE
)

// landlockVersion returns the kernel's version of Landlock, 0 if it has none.
func landlockVersion() int {
	n, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0
	}
	return int(n)
}

// landlock restricts this thread to the job's files: it reads the binds and /proc, and writes to devices and the scratch
// folder.
func (j job) landlock() error {
	attr := unix.LandlockRulesetAttr{Access_fs: version1 | unix.LANDLOCK_ACCESS_FS_REFER | unix.LANDLOCK_ACCESS_FS_TRUNCATE}
	version := landlockVersion()
	if version >= landlockIoctl {
		attr.Access_fs |= unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	}
	if version >= landlockScope {
		attr.Scoped = unix.LANDLOCK_SCOPE_SIGNAL | unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET
	}
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr), 0)
	if errno != 0 {
		return fmt.Errorf("landlock: %w", errno)
	}
	defer unix.Close(int(fd))
	for _, b := range append(j.Binds, bind{Path: "/proc", Real: "/proc"}) {
		if err := j.allow(int(fd), b); err != nil {
			return fmt.Errorf("landlock: %s: %w", b.Path, err)
		}
	}
	if _, _, errno = unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0, 0); errno != 0 {
		return fmt.Errorf("landlock: %w", errno)
	}
	return nil
}

// allow adds the rule of one bind.
func (j job) allow(rules int, b bind) error {
	info, err := os.Stat(b.Real)
	if err != nil {
		return err
	}
	fd, err := unix.Open(b.Real, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	rights := uint64(readFile)
	switch {
	case b.Path == j.Scratch:
		rights = writeDir
	case info.IsDir():
		rights = readDir
	case info.Mode()&os.ModeDevice != 0:
		rights = writeFile
	}
	rule := unix.LandlockPathBeneathAttr{Allowed_access: rights, Parent_fd: int32(fd)}
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(rules), unix.LANDLOCK_RULE_PATH_BENEATH,
		uintptr(unsafe.Pointer(&rule)), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}
