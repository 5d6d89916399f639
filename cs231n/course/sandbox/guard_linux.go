package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// guardVariable tells a program that it is a guard: if it gets as far as [Run], its main lacks the call of Init.
const guardVariable = "CS231N_SANDBOX_GUARD"

// Init makes the own executable a guard of an untrusted program if [Run] started it as one. It then does not return.
// Call it first in main.
func Init() {
	switch os.Args[0] {
	case guardName:
		runtime.LockOSThread() // capabilities belong to threads
		os.Exit(guard(os.NewFile(3, "control"), os.NewFile(4, "report")))
	case launchName:
		runtime.LockOSThread() // so do filters
		os.Exit(launch(os.NewFile(3, "job"), os.NewFile(4, "error")))
	}
}

// guard runs one job, as the first process of the program's namespaces if there are any.
func guard(control, reports *os.File) int {
	unix.CloseOnExec(int(control.Fd()))
	unix.CloseOnExec(int(reports.Fd()))
	var j job
	if err := json.NewDecoder(control).Decode(&j); err != nil {
		return 1
	}
	canceled := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, control) // until Run closes its end, or dies
		close(canceled)
	}()
	r := j.guard(canceled)
	r.Guarded = true
	if err := json.NewEncoder(reports).Encode(r); err != nil {
		return 1
	}
	return 0
}

func (j job) guard(canceled <-chan struct{}) report {
	if err := j.prepare(); err != nil {
		return report{Setup: err.Error()}
	}
	start := time.Now()
	pid, failure := j.launch()
	if failure.Setup != "" || failure.Start != "" {
		return failure
	}
	w := watcher{job: j, pid: pid, start: start, self: self()}
	w.watch(canceled)
	tidy(j.Scratch)
	return w.report
}

// prepare makes the program's surroundings.
func (j job) prepare() error {
	if os.Geteuid() == 0 {
		if err := giveAway(j.Scratch); err != nil {
			return err
		}
	}
	if !j.Isolation.Namespaces {
		// Orphans then become children of the guard, which finds and kills them.
		return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
	}
	if err := j.enterRoot(); err != nil {
		return err
	}
	// The program must not inherit the guard's capabilities.
	return unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
}

// launch starts the program and returns when it runs.
func (j job) launch() (int, report) {
	in, out, err1 := os.Pipe()
	failures, failing, err2 := os.Pipe()
	if err := errors.Join(err1, err2); err != nil {
		return 0, report{Start: err.Error()}
	}
	defer failures.Close()
	sys := &syscall.SysProcAttr{Setsid: true}
	if !j.Isolation.Namespaces {
		sys.Pdeathsig = syscall.SIGKILL
	}
	if os.Geteuid() == 0 {
		sys.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	pid, err := syscall.ForkExec("/proc/self/exe", []string{launchName}, &syscall.ProcAttr{
		Dir: "/", Files: []uintptr{0, 1, 2, in.Fd(), failing.Fd()}, Sys: sys,
	})
	in.Close()
	failing.Close()
	if err != nil {
		return 0, report{Setup: "start a process: " + err.Error()}
	}
	_ = json.NewEncoder(out).Encode(j) // an error shows at the other end
	out.Close()
	said, err := io.ReadAll(failures)
	if len(said) == 0 && err == nil {
		return pid, report{}
	}
	var failure report
	if err := json.Unmarshal(said, &failure); err != nil {
		failure.Setup = fmt.Sprintf("start a process: %s", bytes.TrimSpace(said))
	}
	return pid, failure
}

// self returns the guard's number in /proc, which may belong to another process namespace.
func self() int {
	name, err := os.Readlink("/proc/self")
	var pid int
	if _, scanErr := fmt.Sscan(name, &pid); err != nil || scanErr != nil {
		return os.Getpid()
	}
	return pid
}

// environment is all that the program sees of the caller's.
func (c Command) environment() []string {
	path := []string{"/usr/local/bin", "/usr/bin", "/bin"}
	return append([]string{
		"PATH=" + strings.Join(path, ":"), "HOME=" + c.Scratch, "TMPDIR=" + c.Scratch, "LANG=C.UTF-8",
	}, c.Env...)
}
