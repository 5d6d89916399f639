package coco

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"time"
)

// trialFiles is the environment variable with the files that a process is to try out, one in a line.
const trialFiles = "CS231N_TRIAL_FILES"

// A program with this package that finds trialFiles in its environment tries out these files and does nothing else:
// a notebook's cell has no other program at hand that could.
func init() {
	paths := os.Getenv(trialFiles)
	if paths == "" {
		return
	}
	signal.Ignore(os.Interrupt) // it is for the program that waits, and would look like a crash
	for path := range strings.SplitSeq(paths, "\n") {
		fmt.Println(path) // whoever started the trial sees where it ended
		tryOut(path)
	}
	os.Exit(0)
}

// trial lets another process read HDF5 files first. On damaged ones, compressed ones above all, the HDF5 library can
// crash, where no Go program can catch it, or go on forever. Then it is the trial that ends, and the file is
// refused. Other faults of a file do not matter here: the reading that follows finds and names them.
func trial(paths ...string) error {
	const patience = 5 * time.Minute // reads the course's files many times over
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("coco: the files cannot be tried out: %w", err)
	}
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(os.Environ(), trialFiles+"="+strings.Join(paths, "\n"))
	var printed bytes.Buffer
	cmd.Stdout = &printed
	// Not while a file is open: the process would inherit it, with HDF5's lock on it.
	if err = withLibrary(cmd.Start); err == nil {
		err = cmd.Wait()
	}
	if _, crashed := errors.AsType[*exec.ExitError](err); crashed {
		lines := strings.Split(strings.TrimSuffix(printed.String(), "\n"), "\n")
		return fmt.Errorf("coco: %s is damaged, the HDF5 library crashes when it reads it; get it again", lines[len(lines)-1])
	}
	if err != nil {
		return fmt.Errorf("coco: the files cannot be tried out: %w", err)
	}
	return nil
}

// tryOut reads all data sets of a file. Errors do not matter, see trial.
func tryOut(path string) {
	_ = openHDF5(path, func(r *reader) error {
		if r.plain() {
			return nil
		}
		if rows, err := r.rows("features", 2); err == nil {
			_, _, _ = r.floats("features", rows)
		}
		for _, split := range []string{"train", "val"} {
			_, _, _ = r.ids(split+"_captions", 2, math.MaxInt, "")
			_, _, _ = r.ids(split+"_image_idxs", 1, math.MaxInt, "")
		}
		return nil
	})
}

// plain reports whether a file consists of its data sets' numbers and little else. Nothing in it is compressed then,
// or in parts, for which an index would be needed. To look is to open all data sets, which tries out their headers.
func (r *reader) plain() bool {
	const little = 4096 // bytes
	beside := r.size
	for name, rank := range map[string]int{
		"features": 2, "train_captions": 2, "train_image_idxs": 1, "val_captions": 2, "val_image_idxs": 1,
	} {
		set, dims, err := r.dataset(name, rank)
		if err != nil {
			continue
		}
		size := int64(4)
		if holds[int64](set) {
			size = 8
		}
		for _, d := range dims {
			size *= int64(d)
		}
		beside -= size
		_ = set.Close() // an error is found again when it is read
	}
	return 0 <= beside && beside <= little
}
