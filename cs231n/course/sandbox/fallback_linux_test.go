package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestFallback calls Run where namespaces are forbidden, as in most containers, and where Landlock is missing too.
func TestFallback(t *testing.T) {
	program := executable(t)
	caller := func(args ...string) string {
		out, err := exec.Command(program, append(append([]string{"caller", openDir(t)}, args...), program)...).CombinedOutput()
		require.NoError(t, err, "%s", out)
		return string(out)
	}
	if withoutNamespaces("").Safe() {
		out := caller("keep Landlock", "safe")
		require.Contains(t, out, "the program exited with status 0")
		require.Contains(t, out, "the program has no network and no files of the user, but a process of it could survive: "+
			"no namespaces (fork/exec /proc/self/exe: operation not permitted)")
	} else {
		t.Logf("this machine lacks filters: %v", withoutNamespaces(""))
	}
	out := caller("forbid Landlock", "safe")
	require.Contains(t, out, "refused: this machine cannot isolate untrusted programs: the program is not isolated: "+
		"it can read and write the user's files: no namespaces (fork/exec")
	t.Setenv("container", "podman")
	require.Contains(t, caller("forbid Landlock", "safe"), "; in Docker and podman they need --security-opt seccomp=unconfined")
	out = caller("forbid Landlock", "unsafe")
	require.Contains(t, out, "the program exited with status 0")
	require.Contains(t, out, "the program is not isolated: it can read and write the user's files: no namespaces (fork/exec")
}

// callRun forbids namespaces as Docker does, and then runs a program that connects and looks at files.
func callRun(args []string) int {
	runtime.LockOSThread() // the filter is that of the thread
	rules := append([]unix.SockFilter{load(offsetCall)}, inspect(unix.SYS_CLONE, when(unix.BPF_JSET, namespaceFlags, answerDenied))...)
	if args[1] == "forbid Landlock" {
		rules = append(rules, when(unix.BPF_JEQ, unix.SYS_LANDLOCK_CREATE_RULESET, answerNone)...)
	}
	rules = append(rules, answer(answerAllow))
	p := unix.SockFprog{Len: uint16(len(rules)), Filter: &rules[0]}
	if err := errors.Join(unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
		unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&p)), 0, 0)); err != nil {
		return errorStatus(err)
	}
	r, err := Run(context.Background(), Command{
		Path: args[3], Args: []string{"exit0"}, Scratch: args[0], AllowUnsafe: args[2] == "unsafe",
	})
	if errors.Is(err, ErrNotIsolated) {
		fmt.Println("refused:", err)
		return 0
	}
	fmt.Println(r, r.Isolation)
	return errorStatus(err)
}
