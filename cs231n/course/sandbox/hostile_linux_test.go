package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// hostile lists the programs that TestMain runs in the sandbox, by their first argument. Each returns its exit status.
func hostile() map[string]func(args []string) int {
	return map[string]func([]string) int{
		"exit0": func([]string) int { fmt.Println("fine"); return 0 },
		"exit7": func([]string) int { return 7 },
		"abort": func([]string) int {
			signal.Reset()
			_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
			return shell("kill -ABRT $$")
		},
		"kill-self":      func([]string) int { _ = unix.Kill(os.Getpid(), unix.SIGKILL); return 0 },
		"loop":           func([]string) int { select {} },
		"stop-self":      func([]string) int { _ = unix.Kill(os.Getpid(), unix.SIGSTOP); return 0 },
		"ignore-term":    func([]string) int { signal.Ignore(); return sleep() },
		"cpu":            func([]string) int { return spin() },
		"cpu-children":   func([]string) int { return spinInChildren() },
		"memory-fast":    func([]string) int { return allocateInThreads() },
		"memory-slow":    func([]string) int { return allocate(100<<30, 50*time.Millisecond) },
		"memory-forks":   func([]string) int { return allocateInChildren() },
		"memory-part":    func([]string) int { return allocate(100<<20, 0) + sleep() },
		"memory-request": func([]string) int { return len(make([]byte, 1<<46)) },
		"fork-bomb":      func([]string) int { return shell(`b() { b | b & b; }; b`) + sleep() },
		"threads":        func([]string) int { return startThreads(10000) },
		"some-threads":   func([]string) int { return startThreads(150) },
		"goroutines":     func([]string) int { return startGoroutines(10000) },
		"big-file":       func([]string) int { return writeBig(100 << 20) },
		"sparse-file":    func([]string) int { return writeSparse(1 << 40) },
		"many-files":     func([]string) int { return writeFiles() },
		"kill-parent":    func([]string) int { return killThem(os.Getppid()) },
		"kill-all":       func([]string) int { return killAll() },
		"daemon":         func([]string) int { return daemonize() },
		"daemon-loop":    func([]string) int { return daemonize() + sleep() },
		"sleep":          func([]string) int { return sleep() },
		"close-stdout":   func([]string) int { return errorStatus(errors.Join(os.Stdout.Close(), os.Stderr.Close())) },
		"open-files":     func([]string) int { return openFiles() },
		"output":         func([]string) int { return print("noise ") },
		"connect":        connect,
		"files":          tryFiles,
		"lock-up":        func([]string) int { return lockUp() },
		"surroundings":   func([]string) int { return describe() },
		"run-loop":       runLoop,
		"caller":         callRun,
	}
}

func errorStatus(err error) int {
	if err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// shell replaces this program by a shell.
func shell(script string) int {
	return errorStatus(syscall.Exec("/bin/sh", []string{"sh", "-c", script}, os.Environ()))
}

func sleep() int { time.Sleep(time.Hour); return 0 }

func spin() int {
	for range runtime.NumCPU() {
		go func() {
			for i := 1; i != 0; i |= 1 {
			}
		}()
	}
	return sleep()
}

// spinInChildren uses a little CPU time in each of many processes.
func spinInChildren() int {
	for {
		_ = exec.Command("/bin/sh", "-c", "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done").Run()
	}
}

// allocate touches pages of new memory.
func allocate(size int, pause time.Duration) int {
	const chunk = 16 << 20
	for range size / chunk {
		b, err := unix.Mmap(-1, 0, chunk, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
		if err != nil {
			return errorStatus(err)
		}
		for i := 0; i < len(b); i += 4096 {
			b[i] = 1
		}
		time.Sleep(pause)
	}
	return 0
}

func allocateInThreads() int {
	for range 4 {
		go allocate(25<<30, 0)
	}
	return sleep()
}

func ownPath() string { return must(os.Executable()) }

// allocateInChildren has children that each stay far below the limit.
func allocateInChildren() int {
	for range 10 {
		if err := exec.Command(ownPath(), "memory-part").Start(); err != nil {
			return errorStatus(err)
		}
	}
	return sleep()
}

func startThreads(n int) int {
	var wait sync.WaitGroup
	hold := make(chan struct{})
	for range n {
		wait.Add(1)
		go func() {
			runtime.LockOSThread()
			wait.Done()
			<-hold
		}()
	}
	wait.Wait()
	time.Sleep(300 * time.Millisecond)
	return 0
}

func startGoroutines(n int) int {
	var wait sync.WaitGroup
	for range n {
		wait.Go(func() { time.Sleep(100 * time.Millisecond) })
	}
	wait.Wait()
	return 0
}

func writeBig(size int) int {
	f := must(os.Create("big"))
	for range size >> 16 {
		if _, err := f.Write(make([]byte, 1<<16)); err != nil {
			return errorStatus(err)
		}
	}
	return 0
}

func writeSparse(size int64) int { return errorStatus(must(os.Create("sparse")).Truncate(size)) }

func writeFiles() int {
	for i := range 100 {
		if err := os.WriteFile(fmt.Sprint("file", i), make([]byte, 1<<20), 0o644); err != nil {
			return errorStatus(err)
		}
	}
	return sleep()
}

// killThem sends signals that must not arrive, or not do anything.
func killThem(pids ...int) int {
	for _, pid := range pids {
		for _, s := range []syscall.Signal{unix.SIGSTOP, unix.SIGKILL} {
			fmt.Println(pid, s, unix.Kill(pid, s))
		}
	}
	time.Sleep(200 * time.Millisecond)
	return 0
}

// killAll sends a signal to all processes it may send one to. Outside a process namespace it only asks whether it could,
// and fails if so.
func killAll() int {
	if os.Getppid() == 1 {
		return killThem(1, -1)
	}
	for _, pid := range []int{-1, 1, os.Getppid()} {
		if err := unix.Kill(pid, 0); !errors.Is(err, unix.EPERM) {
			fmt.Println("signal to", pid, err)
			return 1
		}
	}
	return 0
}

// daemonize leaves a grandchild in a session of its own that ignores signals and keeps the output open.
func daemonize() int {
	c := exec.Command("/bin/sh", "-c", `trap "" TERM HUP INT; setsid "$0" sleep & exit 0`, ownPath())
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	err := c.Run()
	time.Sleep(300 * time.Millisecond)
	return errorStatus(err)
}

func openFiles() int {
	var files []*os.File
	for range 1000 {
		f, err := os.Open("/dev/null")
		if err != nil {
			fmt.Println(len(files), err)
			if !errors.Is(err, syscall.EMFILE) {
				return 1
			}
			return 0
		}
		files = append(files, f)
	}
	return 1
}

func print(text string) int {
	for {
		if _, err := io.WriteString(os.Stdout, strings.Repeat(text, 1000)); err != nil {
			return 1
		}
	}
}

// runLoop is a caller of Run: its arguments are the isolation, the program and the scratch folder.
func runLoop(args []string) int {
	i := Isolation{Namespaces: args[0] == "namespaces", Network: true, Files: true}
	c := Command{Path: args[1], Args: []string{"daemon-loop"}, Scratch: args[2], Limits: DefaultLimits()}
	_, err := job{Command: c, Isolation: i}.start(context.Background())
	return errorStatus(err)
}
