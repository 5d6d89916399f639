// Command probe evaluates cases of the exercises in a separate process, with the functions that it was compiled with. A
// check starts it, since a student's functions may hang, exit or panic.
//
// Usage: probe [-cpu DURATION] CASES RESULTS. CASES is a file with a JSON list of cases. RESULTS becomes a file with a line of
// JSON for each event: a case begins, or it ends with arrays or an error. A case that needs more CPU time ends the program.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cs231n-go/assignment3/cs231n/course/cases"
	"github.com/cs231n-go/assignment3/cs231n/device"
	"github.com/cs231n-go/assignment3/cs231n/todo"
)

// mostIdle is how long a case may run without computing, of which a busy machine always allows some.
const mostIdle = 20 * time.Second

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "probe:", err)
		os.Exit(1)
	}
}

func run() error {
	// The cases of the course take up to three seconds, compilation included.
	mostCPU := flag.Duration("cpu", 15*time.Second, "`limit` of the CPU time of a case")
	flag.Parse()
	if flag.NArg() != 2 {
		return errors.New("usage: probe [-cpu DURATION] CASES RESULTS")
	}
	text, err := os.ReadFile(flag.Arg(0))
	if err != nil {
		return err
	}
	var list []cases.Case
	if err := json.Unmarshal(text, &list); err != nil {
		return fmt.Errorf("%s: %w", flag.Arg(0), err)
	}
	file, err := os.Create(flag.Arg(1))
	if err != nil {
		return err
	}
	defer file.Close()
	backend, err := device.Open(device.Warn(os.Stderr), device.InstalledOnly())
	if err != nil {
		return err
	}
	events := json.NewEncoder(file)
	for i, c := range list {
		if err := events.Encode(cases.Event{Case: i, Begins: true}); err != nil {
			return err
		}
		stop := watch(*mostCPU)
		if err := events.Encode(evaluate(i, func() ([]cases.Array, error) { return cases.Evaluate(backend, c) })); err != nil {
			return err
		}
		stop()
	}
	return nil
}

// watch ends the process if a case takes too long. On a busy machine the CPU time counts, not the time that passes.
func watch(mostCPU time.Duration) (stop func()) {
	const little = mostIdle / 100 // more than the runtime and this function need
	begun := cpuTime()
	active, used := time.Now(), begun
	ticker, done := time.NewTicker(100*time.Millisecond), make(chan struct{})
	go func() {
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
			}
			now := cpuTime()
			if now-used > little {
				active, used = time.Now(), now
			}
			if now-begun > mostCPU {
				os.Exit(cases.StatusTooLong)
			}
			if time.Since(active) > mostIdle {
				os.Exit(cases.StatusWaits)
			}
		}
	}()
	return func() { ticker.Stop(); close(done) }
}

// cpuTime returns the CPU time of this process.
func cpuTime() time.Duration {
	var used unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// evaluate describes the end of a case.
func evaluate(i int, f func() ([]cases.Array, error)) cases.Event {
	arrays, err := f()
	e := cases.Event{Case: i, Arrays: arrays}
	if err != nil {
		e.Error, e.Arrays = err.Error(), nil
	}
	if gap, ok := errors.AsType[*todo.Gap](err); ok {
		e.Blank = gap.Exercise
	}
	if at, ok := errors.AsType[*cases.Panic](err); ok {
		e.Error, e.Where = at.Reason, at.Where
	}
	return e
}
