package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// system lists what every program may read: libraries, and what the C library, Go and XLA ask about the machine.
func system() []string {
	return []string{
		"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/sys/devices/system",
	}
}

// devices lists the devices that every program may use.
func devices() []string { return []string{"/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"} }

// binds lists what the program sees: parents before children, the writable folder last. Links are resolved here, since
// they mean something else in another root.
func (c Command) binds() ([]bind, error) {
	var all []bind
	for _, path := range append(system(), devices()...) {
		b, err := resolve(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // not every system has all of them
		} else if err != nil {
			return nil, err
		}
		if link, err := os.Readlink(path); err == nil && filepath.Dir(path) == "/" {
			b.Link = strings.TrimPrefix(link, "/") // such as /lib, a link to /usr/lib
		}
		all = append(all, b)
	}
	own := slices.Sorted(slices.Values(c.Read))
	if c.Path != "" {
		own = append(own, c.Path)
	}
	for _, path := range append(own, c.Scratch) {
		b, err := resolve(path)
		if err != nil {
			return nil, fmt.Errorf("sandbox: %w", err)
		}
		all = append(all, b)
	}
	return all, nil
}

func resolve(path string) (bind, error) {
	where, err := filepath.EvalSymlinks(path)
	return bind{Path: path, Real: where}, err
}

// enterRoot makes a root that has the job's files only, and enters it. All but the scratch folder is read-only.
func (j job) enterRoot() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("mount /: %w", err)
	}
	trees := make([]int, len(j.Binds))
	for i, b := range j.Binds {
		var err error
		if b.Link != "" {
			continue
		}
		if trees[i], err = openTree(b.Real, j.attributesOf(b)); err != nil {
			return fmt.Errorf("bind %s: %w", b.Real, err)
		}
		defer unix.Close(trees[i])
	}
	oldProc, procErr := openTree("/proc", unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV|unix.MOUNT_ATTR_NOEXEC)
	root := j.Binds[len(j.Binds)-1].Real // any folder: the mount hides it from nobody else
	if err := unix.Mount("tmpfs", root, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0755,size=1m,nr_inodes=4096"); err != nil {
		return fmt.Errorf("mount a root: %w", err)
	}
	for i, b := range j.Binds {
		if err := attach(trees[i], b, root); err != nil {
			return fmt.Errorf("bind %s: %w", b.Path, err)
		}
	}
	if err := mountProc(filepath.Join(root, "proc"), oldProc, procErr); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	return pivot(root)
}

// attributesOf are the mount flags of one bind.
func (j job) attributesOf(b bind) uint64 {
	switch {
	case b.Path == j.Scratch:
		return unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV
	case strings.HasPrefix(b.Path, "/dev/"):
		return unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NOEXEC
	}
	return unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV | unix.MOUNT_ATTR_RDONLY
}

// openTree returns a copy of the mounts at a path, with more flags.
func openTree(path string, attributes uint64) (int, error) {
	fd, err := unix.OpenTree(unix.AT_FDCWD, path, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
	if err != nil {
		return -1, err
	}
	err = unix.MountSetattr(fd, "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE, &unix.MountAttr{Attr_set: attributes})
	if err != nil {
		return -1, errors.Join(err, unix.Close(fd))
	}
	return fd, nil
}

// attach makes a bind's path in the new root and mounts its tree there.
func attach(tree int, b bind, root string) error {
	target := filepath.Join(root, b.Path)
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	if b.Link != "" {
		return os.Symlink(b.Link, target)
	}
	if !fileExists(target) { // a parent's bind may have it
		var status unix.Stat_t
		if err := unix.Fstat(tree, &status); err != nil {
			return err
		}
		if status.Mode&unix.S_IFMT == unix.S_IFDIR {
			if err := os.Mkdir(target, 0o755); err != nil {
				return err
			}
		} else if err := os.WriteFile(target, nil, 0o644); err != nil {
			return err
		}
	}
	return unix.MoveMount(tree, "", unix.AT_FDCWD, target, unix.MOVE_MOUNT_F_EMPTY_PATH)
}

// mountProc mounts the /proc of the process namespace. Containers that mask parts of /proc forbid that: then the old
// /proc has to do, in which the kernel protects the processes of the user's other namespaces.
func mountProc(target string, old int, oldErr error) error {
	if err := os.Mkdir(target, 0o755); err != nil {
		return err
	}
	err := unix.Mount("proc", target, "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
	if err == nil {
		if oldErr == nil {
			unix.Close(old)
		}
		return nil
	}
	if oldErr != nil {
		return errors.Join(err, oldErr)
	}
	return errors.Join(unix.MoveMount(old, "", unix.AT_FDCWD, target, unix.MOVE_MOUNT_F_EMPTY_PATH), unix.Close(old))
}

// pivot makes a folder the root, and the old root unreachable.
func pivot(root string) error {
	if err := os.Chdir(root); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("pivot_root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("leave the old root: %w", err)
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	return unix.MountSetattr(unix.AT_FDCWD, "/", 0, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY})
}
