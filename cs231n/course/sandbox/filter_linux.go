package sandbox

import (
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// seccompWorks reports whether the kernel has system-call filters.
func seccompWorks() bool {
	_, err := unix.PrctlRetInt(unix.PR_GET_SECCOMP, 0, 0, 0, 0)
	return err == nil
}

// architecture returns the kernel's number of this machine's system-call table.
func architecture() uint32 {
	switch runtime.GOARCH {
	case "amd64":
		return unix.AUDIT_ARCH_X86_64
	case "arm64":
		return unix.AUDIT_ARCH_AARCH64
	}
	return 0
}

// denied lists the system calls that fail with EPERM: sockets of all kinds, memory that belongs to no process, other
// ways around a filter or a limit, and looking into other processes. A socketpair is allowed.
func denied() []uint32 {
	return []uint32{
		unix.SYS_SOCKET, unix.SYS_IO_URING_SETUP, unix.SYS_MEMFD_CREATE, unix.SYS_MEMFD_SECRET, unix.SYS_SHMGET, unix.SYS_MSGGET,
		unix.SYS_SEMGET, unix.SYS_MQ_OPEN, unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV,
		unix.SYS_PIDFD_GETFD, unix.SYS_UNSHARE, unix.SYS_SETNS, unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT,
		unix.SYS_CHROOT, unix.SYS_OPEN_TREE, unix.SYS_MOVE_MOUNT, unix.SYS_FSOPEN, unix.SYS_FSPICK, unix.SYS_MOUNT_SETATTR,
		unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD, unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY,
	}
}

// namespaceFlags are the flags of clone that make new namespaces.
const namespaceFlags = unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWIPC |
	unix.CLONE_NEWUTS | unix.CLONE_NEWCGROUP

// Offsets of struct seccomp_data: the number of the call, the architecture, and the low half of the first argument.
const (
	offsetCall, offsetArch, offsetFirst = 0, 4, 16

	answerAllow  = unix.SECCOMP_RET_ALLOW
	answerDenied = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	answerNone   = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)

	x32 = 0x40000000 // calls of amd64's 32-bit variant have this bit
)

// filter installs the system-call filter in this thread. The library github.com/elastic/go-seccomp-bpf does not fit: its
// programs let through all calls of another architecture, such as int 0x80 on amd64.
func (j job) filter() error {
	arch := architecture()
	if arch == 0 {
		return fmt.Errorf("seccomp: no filter for %s", runtime.GOARCH)
	}
	program := []unix.SockFilter{load(offsetArch)}
	program = append(program, unless(arch, answerNone)...)
	program = append(program, load(offsetCall))
	if runtime.GOARCH == "amd64" {
		program = append(program, when(unix.BPF_JGE, x32, answerNone)...)
	}
	// The C library and Go use clone if clone3, whose flags a filter cannot read, is unknown.
	program = append(program, when(unix.BPF_JEQ, unix.SYS_CLONE3, answerNone)...)
	for _, call := range denied() {
		program = append(program, when(unix.BPF_JEQ, call, answerDenied)...)
	}
	program = append(program, inspect(unix.SYS_CLONE, when(unix.BPF_JSET, namespaceFlags, answerDenied))...)
	if !j.Isolation.Namespaces {
		program = append(program, j.signals()...)
	}
	program = append(program, answer(answerAllow))
	p := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&p)), 0, 0)
	if err != nil {
		return fmt.Errorf("seccomp: %w", err)
	}
	return nil
}

// signals lets the program send signals to itself and its process group only. Without a process namespace it could
// otherwise end the guard, or all programs of the user.
func (j job) signals() []unix.SockFilter {
	own := uint32(os.Getpid()) // exec keeps it
	var program []unix.SockFilter
	for _, call := range []uint32{unix.SYS_KILL, unix.SYS_TGKILL, unix.SYS_RT_SIGQUEUEINFO, unix.SYS_RT_TGSIGQUEUEINFO} {
		program = append(program, inspect(call, append(when(unix.BPF_JEQ, 0, answerAllow), unless(own, answerDenied)...))...)
	}
	for _, call := range []uint32{unix.SYS_TKILL, unix.SYS_PIDFD_SEND_SIGNAL} {
		program = append(program, when(unix.BPF_JEQ, call, answerDenied)...)
	}
	return program
}

// inspect runs a check of the first argument of one call, and then loads the number of the call again.
func inspect(call uint32, check []unix.SockFilter) []unix.SockFilter {
	body := append([]unix.SockFilter{load(offsetFirst)}, check...)
	body = append(body, load(offsetCall))
	skip := unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: uint8(len(body)), K: call}
	return append([]unix.SockFilter{skip}, body...)
}

// when answers if the comparison of the loaded word with k is true.
func when(comparison uint16, k, with uint32) []unix.SockFilter {
	return []unix.SockFilter{{Code: unix.BPF_JMP | comparison | unix.BPF_K, Jf: 1, K: k}, answer(with)}
}

// unless answers if the loaded word is not k.
func unless(k, with uint32) []unix.SockFilter {
	return []unix.SockFilter{{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: 1, K: k}, answer(with)}
}

func load(offset uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
}

func answer(k uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: k}
}
