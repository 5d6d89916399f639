// Package scenes makes a caption data set where COCO is not at hand: small pictures,
// like those of a picture book, that it draws itself, and five captions for each.
//
// A picture shows one group of objects, or two and how they lie to each other, in a place
// such as a meadow or a room. The description of the scene comes first; the picture and
// the captions are both made from it, so that what a caption says is to be seen. The
// features come from the pixels alone: a model has to find out for itself what a cat is.
//
// [Make] writes the files that package coco reads, with features of the same length and the
// addresses of the pictures relative to the folder. It needs no network, and the same
// [Options] give the same data set on the same kind of processor, however many of
// them there are.
package scenes

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/cs231n-go/assignment3/cs231n/coco"
)

// Options says which data set to make. The zero value is the default one.
type Options struct {
	Train int    // number of pictures to learn from; 0 means 4000
	Val   int    // number of pictures held out; 0 means 1000
	Seed  uint64 // of all random choices; 0 means 231

	// Progress is called when a part of the work is done, never by two goroutines at
	// once, with done going up to total. Nil means that nobody wants to know.
	Progress func(done, total int)
}

func (o Options) withDefaults() (Options, error) {
	o.Train = cmp.Or(o.Train, 4000)
	o.Val = cmp.Or(o.Val, 1000)
	o.Seed = cmp.Or(o.Seed, 231)
	if o.Train < 2 || o.Val < 1 {
		return o, fmt.Errorf("want 2 pictures to learn from and 1 held out at least, got %d and %d; 0 means the default",
			o.Train, o.Val)
	}
	if o.Progress == nil {
		o.Progress = func(int, int) {}
	}
	return o, nil
}

// Make makes the data set in dir, unless it is there already. The default one takes a
// quarter of a minute on two cores and 40 MB on the disk.
//
// The folder appears when all of it is done: until then the work is in a hidden folder
// beside it, which goes when ctx ends or something fails. If another process
// makes the same folder in the meantime, its work stays. A folder that holds anything
// else, such as the data set of other options, is an error and left alone. When ctx
// ends, the error wraps its cause.
func Make(ctx context.Context, dir string, o Options) error {
	o, err := o.withDefaults()
	if err != nil {
		return fmt.Errorf("scenes: make %s: %w", dir, err)
	}
	if Ready(dir, o) {
		o.Progress(o.steps(), o.steps())
		return nil
	}
	if err := create(ctx, dir, o); err != nil {
		return fmt.Errorf("scenes: make %s: %w", dir, err)
	}
	return nil
}

func create(ctx context.Context, dir string, o Options) error {
	if err := checkFree(dir); err != nil {
		return err
	}
	parent := filepath.Dir(filepath.Clean(dir))
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(parent, "."+filepath.Base(dir)+".*.tmp")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	// A folder of its own inside gets the usual permissions, which temp has not.
	work := filepath.Join(temp, "data")
	if err := os.Mkdir(work, 0o755); err != nil {
		return err
	}
	data, err := build(ctx, work, o)
	if err != nil {
		return err
	}
	if err := coco.Write(work, data); err != nil {
		return err
	}
	if err := writeStamp(work, o); err != nil {
		return err
	}
	// An empty folder may be in the way; one that is not empty stays.
	os.Remove(dir)
	if err := os.Rename(work, dir); err != nil && !Ready(dir, o) {
		return err
	}
	return nil
}

// checkFree refuses a folder that holds something.
func checkFree(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, os.ErrNotExist) || err == nil && len(entries) == 0:
		return nil
	case err != nil:
		return err
	default:
		return errors.New("the folder holds something else, or this data set made with other options; " +
			"delete it, or name another folder")
	}
}
