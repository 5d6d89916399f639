package coco

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// trialFiles is the environment variable with the files that a child process is to read, one per line.
const trialFiles = "CS231N_TRIAL_FILES"

// patience is the time limit for reading files in a child process. It is many times the time that the course's files take.
const patience = 5 * time.Minute

// A program with this package that finds trialFiles in its environment reads these files and exits before main starts. A
// notebook cell has no other program that it could run.
func init() {
	if paths := os.Getenv(trialFiles); paths != "" {
		tryAll(paths, tryOut)
	}
}

// tryAll calls try with one file after the other, and exits.
func tryAll(paths string, try func(path string)) {
	signal.Ignore(os.Interrupt) // the parent handles Ctrl-C; here it would look like a crash
	for path := range strings.SplitSeq(paths, "\n") {
		fmt.Println(path) // the last line tells the parent which file the process did not survive
		try(path)
	}
	os.Exit(0)
}

// unclear is an error that does not tell whether a file is damaged.
type unclear struct{ error }

func (u unclear) Unwrap() error { return u.error }

// trial reads HDF5 files in a child process first. On some damaged files, most of them compressed, the HDF5 library
// crashes, where no Go program can recover, or runs forever. Then only the child ends, and the file is rejected. The
// child ignores other faults of a file, which the parent finds and names when it reads the file.
func trial(limit time.Duration, paths ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	self, err := os.Executable()
	if err != nil {
		return unclear{fmt.Errorf("coco: find the program that tests the files: %w", err)}
	}
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(os.Environ(), trialFiles+"="+strings.Join(paths, "\n"))
	var printed, failure bytes.Buffer
	cmd.Stdout, cmd.Stderr = &printed, &failure
	// withLibrary waits until no file is open: the child would inherit it.
	if err = withLibrary(cmd.Start); err == nil {
		err = cmd.Wait()
	}
	if err == nil {
		return nil
	}
	lines := strings.Split(strings.TrimSuffix(printed.String(), "\n"), "\n")
	return explainTrial(ctx, err, lines[len(lines)-1], failure.String())
}

// explainTrial says why the child process ended while it read path. The Go runtime turns a crash of the HDF5 library into
// a message and exit status 2.
func explainTrial(ctx context.Context, err error, path, message string) error {
	if ctx.Err() != nil {
		return unclear{fmt.Errorf("coco: reading %s took too long and was stopped; the disk or the network is slow, or the file is damaged: try again, then get the file again", path)}
	}
	exit, exited := errors.AsType[*exec.ExitError](err)
	if !exited {
		return unclear{fmt.Errorf("coco: start a process that tests the files: %w", err)}
	}
	status, _ := exit.Sys().(syscall.WaitStatus)
	crashes := []syscall.Signal{syscall.SIGSEGV, syscall.SIGABRT, syscall.SIGBUS, syscall.SIGFPE, syscall.SIGILL}
	switch outOfMemory := strings.Contains(message, "out of memory"); {
	case status.Signaled() && slices.Contains(crashes, status.Signal()), exit.ExitCode() == 2 && !outOfMemory:
		return fmt.Errorf("coco: %s is damaged, the HDF5 library crashes when it reads it; get it again", path)
	case status.Signaled(), outOfMemory:
		return unclear{fmt.Errorf("coco: the process that read %s was killed (%w), probably for want of memory; the file may be sound: free memory and try again", path, err)}
	}
	return unclear{fmt.Errorf("coco: the process that read %s failed (%w); the file may be sound: try again", path, err)}
}

// each calls use with each data set of the course's files that this file has. It ignores errors, see trial.
func (r *reader) each(use func(s set) error) {
	sets := map[string]int{"features": 2, "train_captions": 2, "train_image_idxs": 1, "val_captions": 2, "val_image_idxs": 1}
	for name, rank := range sets {
		_ = r.open(name, rank, use)
	}
}

// tryOut reads all data sets of a file, unless it is plain.
func tryOut(path string) {
	_ = openHDF5(path, func(r *reader) error {
		if r.plain() {
			return nil
		}
		r.each(func(s set) (err error) {
			if holds[float32](s) {
				_, err = read[float32](s)
			} else {
				_, _, err = r.ids(s.name, len(s.dims))
			}
			return err
		})
		return nil
	})
}

// plain reports whether a file consists of the numbers of its data sets and little else. Then nothing in it is compressed
// or in chunks, which need an index. To find out, plain opens all data sets, which tests their headers.
func (r *reader) plain() bool {
	const little = 4096 // bytes
	rest := r.size
	r.each(func(s set) error {
		size := int64(4)
		if holds[int64](s) {
			size = 8
		}
		for _, d := range s.dims {
			size *= int64(d)
		}
		rest -= size
		return nil
	})
	return 0 <= rest && rest <= little
}
