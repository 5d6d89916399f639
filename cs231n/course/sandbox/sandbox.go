// Package sandbox runs one untrusted program, such as compiled code of a student, within hard limits.
//
// It needs Linux. The program sees a file system that has only the system's libraries, the paths of Command.Read and
// one writable folder. It has no network. When it ends, every process that it started ends too.
//
// [Run] starts the own executable again as the program's guard, so main (and TestMain) must call [Init] first.
package sandbox

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// ErrNotIsolated means that this machine cannot keep a program from the network or from the user's files. The program
// did not run. The error's text says why and what to do.
var ErrNotIsolated = errors.New("this machine cannot isolate untrusted programs")

// Command is a program and what it may use. All paths are absolute, and the program sees them under the same names.
type Command struct {
	Path string   // the program: an executable file
	Args []string // its arguments, without its name
	Env  []string // variables "name=value" besides PATH, HOME, TMPDIR and LANG; HOME and TMPDIR are Scratch

	// Scratch is an existing folder, and the only one that the program can write to. It is also its working directory.
	// If root calls Run, the folder and its files go to the user nobody, as which the program then runs.
	Scratch string

	// Read lists further files and folders that the program can read. If it searches a folder for a file, list the folder.
	Read []string

	Limits Limits

	// AllowUnsafe runs the program even if the machine cannot keep it from the network or from the user's files.
	// Result.Isolation says what is missing.
	AllowUnsafe bool
}

// Limits bound a program and all its descendants together. A zero field means the value of [DefaultLimits].
type Limits struct {
	Wall      time.Duration // time
	CPU       time.Duration // CPU time, user and system, of all threads together
	Memory    int64         // bytes of resident memory
	Processes int           // processes and threads at the same time
	FileSize  int64         // bytes of one file
	Scratch   int64         // bytes of disk that the files in Command.Scratch take
	OpenFiles int           // open files of one process
	Output    int           // bytes of standard output and standard error together; Result.Output leaves out the rest
}

// DefaultLimits returns limits that suit a program that compiles and runs small XLA graphs.
func DefaultLimits() Limits {
	return Limits{
		Wall: 2 * time.Minute, CPU: 5 * time.Minute, Memory: 4 << 30, Processes: 256,
		FileSize: 64 << 20, Scratch: 256 << 20, OpenFiles: 256, Output: 64 << 10,
	}
}

// orDefault replaces the zero fields.
func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	return Limits{
		cmp.Or(l.Wall, d.Wall), cmp.Or(l.CPU, d.CPU), cmp.Or(l.Memory, d.Memory), cmp.Or(l.Processes, d.Processes),
		cmp.Or(l.FileSize, d.FileSize), cmp.Or(l.Scratch, d.Scratch), cmp.Or(l.OpenFiles, d.OpenFiles), cmp.Or(l.Output, d.Output),
	}
}

// Isolation says how far a machine separates a program from the rest of it.
type Isolation struct {
	// Namespaces reports whether the program has its own user, process, network, mount and IPC namespaces. Then no
	// process can survive the program, and it cannot see, signal or slow down other processes beyond its limits.
	Namespaces bool

	// Network reports whether the program can open no socket.
	Network bool

	// Files reports whether the program can read and write only the paths that it is given.
	Files bool

	// Reason says why something is missing. It is empty if nothing is.
	Reason string
}

// Safe reports whether untrusted code may run: it has no network and cannot reach the user's files.
func (i Isolation) Safe() bool { return i.Network && i.Files }

// String is one sentence, without a period, for the person who starts the programs.
func (i Isolation) String() string {
	var missing []string
	if !i.Network {
		missing = append(missing, "it can use the network")
	}
	if !i.Files {
		missing = append(missing, "it can read and write the user's files")
	}
	switch {
	case i.Namespaces:
		return "the program is isolated: no network, no files of the user, no process survives it"
	case len(missing) == 0:
		return "the program has no network and no files of the user, but a process of it could survive: " + i.Reason
	}
	return "the program is not isolated: " + strings.Join(missing, ", ") + ": " + i.Reason
}

// End is why a program ended.
type End int

// The causes. All but the first two mean that the program's limits, or the caller's context, ended it.
const (
	Exited           End = iota // it exited by itself, with Result.ExitCode
	Signaled                    // a signal killed it that does not come from a limit: Result.Signal
	WallTime                    // it ran longer than Limits.Wall
	CPUTime                     // it computed longer than Limits.CPU
	OutOfMemory                 // it used more than Limits.Memory
	TooManyProcesses            // it had more than Limits.Processes processes and threads
	FileTooLarge                // it wrote a file of more than Limits.FileSize bytes
	ScratchFull                 // its files took more than Limits.Scratch bytes, or were too many
	Canceled                    // the context ended
)

// Result says how a program ended.
type Result struct {
	End      End
	ExitCode int            // of Exited
	Signal   syscall.Signal // of Signaled

	// Output is what the program wrote to standard output and standard error, in order. Of a long output it is the
	// beginning and the end, with a line between them that says how many bytes are missing.
	Output    []byte
	OutputCut bool

	Wall, CPU  time.Duration
	PeakMemory int64 // bytes, as far as seen; short peaks may be missing
	Limits     Limits
	Isolation  Isolation
}

// OK reports whether the program exited by itself with status 0.
func (r Result) OK() bool { return r.End == Exited && r.ExitCode == 0 }

// String says in one sentence, without a period, how the program ended.
func (r Result) String() string {
	s := r.sentence()
	if r.OutputCut {
		s += fmt.Sprintf("; it printed more than %d bytes, so its output is cut", r.Limits.Output)
	}
	return s
}

func (r Result) sentence() string {
	const hint = "is there a loop without end?"
	switch r.End {
	case Exited:
		return fmt.Sprintf("the program exited with status %d after %v", r.ExitCode, r.Wall.Round(time.Millisecond))
	case Signaled:
		s := fmt.Sprintf("signal %d (%v) ended the program after %v", r.Signal, r.Signal, r.Wall.Round(time.Millisecond))
		if r.Signal == syscall.SIGKILL {
			s += ": it killed itself, or the machine had no memory left"
		}
		return s
	case WallTime:
		return fmt.Sprintf("the program was stopped because it did not end within %v; %s", r.Limits.Wall, hint)
	case CPUTime:
		return fmt.Sprintf("the program was stopped because it used more than %v of CPU time; %s", r.Limits.CPU, hint)
	case OutOfMemory:
		return fmt.Sprintf("the program ended because it needed more than %s of memory", bytesText(r.Limits.Memory))
	case TooManyProcesses:
		return fmt.Sprintf("the program ended because it needed more than %d threads and processes", r.Limits.Processes)
	case FileTooLarge:
		return fmt.Sprintf("the program ended because it wrote a file of more than %s", bytesText(r.Limits.FileSize))
	case ScratchFull:
		return fmt.Sprintf("the program ended because its files are too many or take more than %s", bytesText(r.Limits.Scratch))
	}
	return "the program was stopped because the check was canceled"
}

// bytesText writes a size in MiB, or in bytes below that.
func bytesText(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d bytes", n)
	}
	return fmt.Sprintf("%d MiB", n>>20)
}

// validate refuses a command that cannot run.
func (c Command) validate() error {
	for _, path := range append([]string{c.Path, c.Scratch}, c.Read...) {
		if !filepath.IsAbs(path) || filepath.Clean(path) != path || path == "/" {
			return fmt.Errorf("sandbox: %q must be an absolute, clean path below /", path)
		}
	}
	return nil
}
