package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// The guard is the own executable under this name, and the program starts through it under the second one.
const (
	guardName  = "cs231n-sandbox-guard"
	launchName = "cs231n-sandbox-launch"
)

// grace is how long the guard may take to kill everything, beyond the program's time.
const grace = 10 * time.Second

// nobody is the user, and the group, as which the program runs if root starts it.
const nobody = 65534

// job is what the guard must do. An empty Path only tries the isolation.
type job struct {
	Command
	Isolation Isolation
	Binds     []bind
	Threads   int // on the machine before the program starts
}

// bind is a path that the program sees, and where it really is. Link is the target of a symbolic link instead.
type bind struct{ Path, Real, Link string }

// report is what the guard says at the end.
type report struct {
	Guarded bool   // the guard runs: main calls Init
	Setup   string // why this machine cannot isolate the program
	Start   string // why the program did not start
	Status  syscall.WaitStatus
	End     End
	Wall    time.Duration
	CPU     time.Duration
	Peak    int64
}

// setupError says why a kind of isolation does not work here.
type setupError struct{ error }

// Run runs a program until it and all its descendants have ended. The error is about the machine or the command, never
// about how the program behaves: the Result says that. It is [ErrNotIsolated] if the program would not be isolated.
func Run(ctx context.Context, c Command) (Result, error) {
	if err := c.validate(); err != nil {
		return Result{}, err
	}
	if info, err := os.Stat(c.Scratch); err != nil || !info.IsDir() {
		return Result{}, fmt.Errorf("sandbox: %s is not a folder: create it first", c.Scratch)
	}
	c.Limits = c.Limits.orDefault()
	return run(ctx, c)
}

// Check tells how this machine isolates programs, by trying. The error is [ErrNotIsolated] if Run would return it.
func Check(ctx context.Context) (Isolation, error) {
	scratch, err := os.MkdirTemp("", "sandbox-check-*")
	if err != nil {
		return Isolation{}, err
	}
	defer os.RemoveAll(scratch)
	if scratch, err = filepath.EvalSymlinks(scratch); err != nil {
		return Isolation{}, err
	}
	r, err := run(ctx, Command{Scratch: scratch, Limits: DefaultLimits()})
	return r.Isolation, err
}

// run tries namespaces first, and then the filters that need none.
func run(ctx context.Context, c Command) (Result, error) {
	j := job{Command: c, Isolation: Isolation{Namespaces: true, Network: true, Files: true}}
	result, err := j.start(ctx)
	setup, ok := errors.AsType[setupError](err)
	if !ok {
		return result, err
	}
	j.Isolation = withoutNamespaces(explain(setup))
	if !j.Isolation.Safe() && !c.AllowUnsafe {
		return Result{Isolation: j.Isolation}, fmt.Errorf("%w: %s", ErrNotIsolated, j.Isolation)
	}
	return j.start(ctx)
}

// withoutNamespaces is the second-best isolation of this machine.
func withoutNamespaces(reason string) Isolation {
	return Isolation{Network: seccompWorks(), Files: landlockVersion() >= landlockTruncate, Reason: reason}
}

// explain adds to an error of the namespaces what to do.
func explain(err setupError) string {
	why := "no namespaces (" + err.Error() + ")"
	restricted, _ := os.ReadFile("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
	if strings.TrimSpace(string(restricted)) == "1" {
		why += "; AppArmor forbids them: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0"
	}
	if fileExists("/.dockerenv") || os.Getenv("container") == "podman" {
		why += "; in Docker and podman they need --security-opt seccomp=unconfined --security-opt systempaths=unconfined"
	}
	return why
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// start runs the guard, and through it the program.
func (j job) start(ctx context.Context) (Result, error) {
	if os.Getenv(guardVariable) != "" {
		return Result{}, errors.New("sandbox: main must call sandbox.Init first")
	}
	if err := j.fill(); err != nil {
		return Result{}, err
	}
	control, stop, err := os.Pipe()
	if err != nil {
		return Result{}, err
	}
	defer stop.Close()
	reports, reporter, err := os.Pipe()
	if err != nil {
		return Result{}, errors.Join(err, control.Close())
	}
	defer reports.Close()
	output := &capture{limit: j.Limits.Output}
	guard := &exec.Cmd{
		Path: "/proc/self/exe", Args: []string{guardName}, Dir: "/", Env: []string{guardVariable + "=1"},
		Stdout: output, Stderr: output, ExtraFiles: []*os.File{control, reporter},
		SysProcAttr: j.attributes(), WaitDelay: grace,
	}
	err = guard.Start()
	control.Close()
	reporter.Close()
	if err != nil {
		return Result{}, setupError{err}
	}
	cancel := context.AfterFunc(ctx, func() { stop.Close() }) // the guard then kills the program
	defer cancel()
	kill := time.AfterFunc(j.Limits.Wall+2*grace, func() { _ = guard.Process.Kill() })
	defer kill.Stop()
	writeErr := json.NewEncoder(stop).Encode(j)
	var r report
	readErr := json.NewDecoder(reports).Decode(&r)
	waitErr := guard.Wait()
	switch {
	case !r.Guarded && ctx.Err() != nil:
		return Result{}, context.Cause(ctx)
	case !r.Guarded:
		return Result{}, fmt.Errorf("sandbox: the guard ended without a report: %w: does main call sandbox.Init first? %s",
			errors.Join(writeErr, readErr, waitErr), bytes.TrimSpace(output.bytes()))
	case r.Setup != "":
		return Result{}, setupError{errors.New(r.Setup)}
	case r.Start == tried:
		return Result{Isolation: j.Isolation}, nil
	case r.Start != "":
		return Result{}, fmt.Errorf("sandbox: %s does not start: %s", j.Path, r.Start)
	}
	return j.result(r, output), nil
}

// fill finds out what the guard cannot.
func (j *job) fill() (err error) {
	for _, p := range processes() {
		j.Threads += p.threads
	}
	j.Binds, err = j.Command.binds()
	return err
}

// attributes are those of the guard's process.
func (j job) attributes() *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setsid: true} // Ctrl-C must not kill the guard before the program
	if !j.Isolation.Namespaces {
		return a
	}
	uid, gid := os.Geteuid(), os.Getegid()
	a.Cloneflags = unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS
	a.UidMappings = []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}}
	a.GidMappings = []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: 1}}
	a.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_SYS_PTRACE, unix.CAP_KILL, unix.CAP_DAC_OVERRIDE}
	if uid == 0 {
		id := syscall.SysProcIDMap{ContainerID: nobody, HostID: nobody, Size: 1}
		a.UidMappings, a.GidMappings = append(a.UidMappings, id), append(a.GidMappings, id)
		a.GidMappingsEnableSetgroups = true
		a.AmbientCaps = append(a.AmbientCaps, unix.CAP_CHOWN, unix.CAP_SETUID, unix.CAP_SETGID)
	}
	return a
}

// result turns the guard's report into the caller's words.
func (j job) result(r report, output *capture) Result {
	result := Result{
		End: r.End, Output: output.bytes(), OutputCut: output.cut(), Wall: r.Wall, CPU: r.CPU,
		PeakMemory: r.Peak, Limits: j.Limits, Isolation: j.Isolation,
	}
	if r.End != Exited {
		return result
	}
	result.ExitCode = r.Status.ExitStatus()
	if r.Status.Signaled() {
		result.End, result.ExitCode, result.Signal = Signaled, 0, r.Status.Signal()
	}
	result.End = result.cause()
	return result
}

// cause finds the limit behind a program that ended by itself. Of others it has only
// seen an error, which it usually prints.
func (r Result) cause() End {
	switch {
	case r.OK():
		return Exited
	case r.Signal == syscall.SIGXCPU || r.Signal == syscall.SIGKILL && r.CPU >= r.Limits.CPU:
		return CPUTime
	case r.Signal == syscall.SIGXFSZ:
		return FileTooLarge
	case r.End == Signaled:
		return Signaled
	}
	for message, end := range map[string]End{
		"file too large": FileTooLarge,
		"File too large": FileTooLarge,
		"runtime: failed to create new OS thread":      TooManyProcesses,
		"esource temporarily unavailable":              TooManyProcesses,
		"Cannot fork":                                  TooManyProcesses,
		"fatal error: runtime: out of memory":          OutOfMemory,
		"runtime: out of memory: cannot allocate":      OutOfMemory,
		"fatal error: runtime: cannot allocate memory": OutOfMemory,
	} {
		if bytes.Contains(r.Output, []byte(message)) {
			return end
		}
	}
	return r.End
}
