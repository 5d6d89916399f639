//go:build unix

package device

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// private returns an error if somebody else than this user and root can write to the folder.
func private(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return flat(err)
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fmt.Errorf("%s has no owner", dir)
	}
	return judge(dir, info.Mode(), int(owner.Uid), int(owner.Gid), os.Geteuid())
}

// judge is private for a folder with this mode, owner and group, and a user.
func judge(dir string, mode fs.FileMode, uid, gid, user int) error {
	// Many systems give each user a group of the same number, and new folders are writable by it.
	own := uid == user && gid == uid
	switch {
	case uid != user && uid != 0:
		return fmt.Errorf("%s belongs to user %d and not to you (%d) or root", dir, uid, user)
	case mode.Perm()&0o002 != 0:
		return fmt.Errorf("every user can write to %s", dir)
	case mode.Perm()&0o020 != 0 && !own:
		return fmt.Errorf("group %d can write to %s", gid, dir)
	}
	return nil
}
