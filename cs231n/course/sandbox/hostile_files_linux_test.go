package sandbox

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// connect succeeds if it cannot connect.
func connect(args []string) int {
	c, err := net.DialTimeout(args[0], args[1], 3*time.Second)
	if err == nil {
		_, _ = c.Write([]byte("hello"))
		fmt.Println("connected")
		return 1
	}
	fmt.Println("cannot connect:", err)
	if _, err := unix.Socket(unix.AF_VSOCK, unix.SOCK_STREAM, 0); err == nil {
		fmt.Println("a vsock opens")
		return 1
	}
	return 0
}

// tryFiles tries to read a folder that it must not see, to write to one that it may read, and other places.
func tryFiles(args []string) int {
	home, allowed, pid := args[0], args[1], args[2]
	if b, err := os.ReadFile(filepath.Join(allowed, "file")); string(b) != "secret" {
		fmt.Println("cannot read what is allowed:", err)
		return 1
	}
	if err := errors.Join(os.WriteFile("result", []byte("written"), 0o644), os.Mkdir("sub", 0o755), os.Rename("result", "sub/r"),
		os.Rename("sub/r", "result"), os.Symlink("/etc/passwd", "link")); err != nil {
		fmt.Println("cannot write to the scratch folder:", err)
		return 1
	}
	reads := []string{filepath.Join(home, "file"), "/etc/passwd", "/root", "/home", "link", "/tmp", "/proc/" + pid + "/environ",
		"/proc/" + pid + "/root/etc/passwd", "/proc/1/root/etc/passwd", "/proc/1/environ", "/dev/tty", "/dev/shm", "/run"}
	status := 0
	for _, path := range reads {
		if f, err := os.Open(path); err == nil {
			names, _ := f.Readdirnames(-1)
			if path != "/tmp" || slices.Contains(names, filepath.Base(home)) { // the scratch folder is there
				fmt.Println("can read", path, names)
				status = 1
			}
		}
	}
	for _, dir := range []string{home, allowed, "/", "/tmp", "/usr", "/dev", "/dev/shm", "/var/tmp", filepath.Dir(must(os.Getwd()))} {
		if err := os.WriteFile(filepath.Join(dir, "new"), nil, 0o644); err == nil {
			fmt.Println("can write to", dir)
			status = 1
		}
	}
	for what, err := range map[string]error{
		"truncate": os.Truncate(filepath.Join(allowed, "file"), 0), "remove": os.Remove(filepath.Join(allowed, "file")),
		"move":    os.Rename(filepath.Join(allowed, "file"), "stolen"),
		"mount":   unix.Mount("tmpfs", "sub", "tmpfs", 0, ""),
		"unshare": unix.Unshare(unix.CLONE_NEWNS), "device": unix.Mknod("device", unix.S_IFCHR|0o666, 1<<8|1),
	} {
		if err == nil {
			fmt.Println("can", what)
			status = 1
		}
	}
	if status == 0 {
		fmt.Println("all refused")
	}
	return status
}

func describe() int {
	fmt.Println(os.Environ())
	fmt.Println("dir", must(os.Getwd()))
	n, err := os.Stdin.Read(make([]byte, 1))
	fmt.Println("stdin", n, err)
	fmt.Println("root", os.Getuid() == 0 || os.Geteuid() == 0)
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var caps [2]unix.CapUserData
	_ = unix.Capget(&header, &caps[0])
	fmt.Println("capabilities", caps[0].Permitted|caps[1].Permitted|caps[0].Inheritable|caps[0].Effective)
	fmt.Println("no_new_privs", must(unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)))
	var files, core unix.Rlimit
	_ = unix.Getrlimit(unix.RLIMIT_NOFILE, &files)
	_ = unix.Getrlimit(unix.RLIMIT_CORE, &core)
	fmt.Println("open files", files.Max)
	fmt.Println("core", core.Max)
	fmt.Println("oom", strings.TrimSpace(string(must(os.ReadFile("/proc/self/oom_score_adj")))))
	var fds []int
	for fd := range 64 {
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			fds = append(fds, fd) // the runtime's own have the flag
		}
	}
	fmt.Println("fds", fds)
	return 0
}

// lockUp leaves a folder that nobody can enter, and a program with a set-user-ID bit.
func lockUp() int {
	return errorStatus(errors.Join(os.MkdirAll("locked/inner", 0o755), os.WriteFile("locked/inner/file", []byte("x"), 0),
		os.WriteFile("program", []byte("#!/bin/sh"), 0o755), os.Chmod("program", 0o755|os.ModeSetuid), os.Chmod("locked", 0)))
}
