package sandbox

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// watcher looks after a running program until everything is dead.
type watcher struct {
	job
	report
	pid, self int
	start     time.Time
	reaped    chan syscall.WaitStatus // the program's status; closed when the guard has no children left
}

const (
	period        = 20 * time.Millisecond  // between two looks at the processes; 10 GB/s of new memory make 200 MB in it
	scratchPeriod = 500 * time.Millisecond // between two looks at the scratch folder
	maxFiles      = 20000                  // in the scratch folder
)

// watch returns when the program has ended or broken a limit, and all its descendants are dead.
func (w *watcher) watch(canceled <-chan struct{}) {
	w.reaped = make(chan syscall.WaitStatus, 1)
	go w.reap()
	wall := time.After(w.Limits.Wall)
	ended := make(chan struct{})
	defer close(ended)
	full := w.watchScratch(ended)
	w.End = func() End {
		for pause := period; ; {
			select {
			case w.Status = <-w.reaped:
				return w.look() // its descendants may still run, and be too many
			case <-wall:
				return WallTime
			case <-canceled:
				return Canceled
			case <-full:
				return ScratchFull
			case <-time.After(pause):
			}
			began := time.Now()
			if end := w.look(); end != Exited {
				return end
			}
			pause = max(period, 3*time.Since(began)) // where /proc has many processes
		}
	}()
	w.Wall = time.Since(w.start)
	w.killAll()
	w.CPU = reapedCPU()
	if w.End == Exited && w.CPU > w.Limits.CPU {
		w.End = CPUTime
	}
	if w.End == Exited && scratchFull(w.Scratch, w.Limits.Scratch) {
		w.End = ScratchFull
	}
}

// look compares what the processes use with the limits.
func (w *watcher) look() End {
	var memory int64
	threads, cpu := 0, reapedCPU()
	all := descendants(processes(), w.self)
	for _, p := range all {
		threads, cpu, memory = threads+p.threads, cpu+p.cpu, memory+p.resident
	}
	switch {
	case threads > w.Limits.Processes:
		return TooManyProcesses
	case cpu > w.Limits.CPU:
		return CPUTime
	}
	if memory > w.Limits.Memory && len(all) > 1 {
		memory = proportional(all) // processes may share pages
	}
	w.Peak = max(w.Peak, memory)
	if memory > w.Limits.Memory {
		return OutOfMemory
	}
	return Exited
}

// reap waits for all children, among them orphans, and sends the program's status.
func (w *watcher) reap() {
	defer close(w.reaped)
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return // no children
		case pid == w.pid:
			w.reaped <- status
		}
	}
}

// reapedCPU is the CPU time of all descendants that are gone.
func reapedCPU() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_CHILDREN, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// killAll kills the program and all its descendants, and waits for their death.
func (w *watcher) killAll() {
	gone := time.After(grace / 2)
	for {
		if os.Getpid() == 1 { // in a process namespace: everything in it but the guard
			_ = unix.Kill(-1, unix.SIGKILL)
		} else {
			w.killTree()
		}
		for again := time.After(period); again != nil; {
			select {
			case <-gone:
				return // a process in an endless system call: it dies when the call returns
			case _, more := <-w.reaped:
				if !more {
					return
				}
			case <-again:
				again = nil
			}
		}
	}
}

// killTree kills the guard's descendants. It stops them all first, so that they cannot start new ones meanwhile.
func (w *watcher) killTree() {
	stopped := make(map[int]bool)
	for fresh := true; fresh; {
		fresh = false
		for _, p := range descendants(processes(), w.self) {
			if !stopped[p.pid] {
				stopped[p.pid], fresh = true, true
				_ = unix.Kill(p.pid, unix.SIGSTOP)
			}
		}
	}
	for pid := range stopped {
		_ = unix.Kill(pid, unix.SIGKILL)
	}
}
