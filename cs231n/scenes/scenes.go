// Package scenes makes a caption data set where COCO is not available: small pictures, like those of a picture book, and
// five captions for each.
//
// A picture shows one group of objects, or two groups and their relation, in a place such as a meadow or a room. The
// package first makes a description of the scene, then both the picture and the captions from it, so that the picture
// shows what a caption says. The features are computed from the pixels alone: a model has to learn what a cat is.
//
// [Make] writes the files that package coco reads. The features have the length of COCO's, and the addresses of the
// pictures are relative to the folder. It needs no network. The same [Options] give the same data set on the same kind of
// processor, whatever the number of processors.
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
	Train int    // number of pictures for training; 0 means 4000
	Val   int    // number of pictures for validation; 0 means 1000
	Seed  uint64 // of all random choices; 0 means 231

	// Progress is called when a part of the work is done, by one goroutine at a time. It may be nil.
	Progress func(done, total int)
}

func (o Options) withDefaults() (Options, error) {
	o.Train = cmp.Or(o.Train, 4000)
	o.Val = cmp.Or(o.Val, 1000)
	o.Seed = cmp.Or(o.Seed, 231)
	if o.Train < 2 || o.Val < 1 {
		return o, fmt.Errorf("want at least 2 pictures for training and 1 for validation, got %d and %d; 0 means the default", o.Train, o.Val)
	}
	if o.Progress == nil {
		o.Progress = func(int, int) {}
	}
	return o, nil
}

// Make makes the data set in dir, unless dir holds it already. The default data set takes a quarter of a minute on two
// cores and 40 MB on the disk.
//
// Make works in a hidden folder beside dir and renames it to dir when everything is done. It removes the hidden folder when
// ctx ends or something fails. If another process makes the same folder in the meantime, that one is kept. It is an error
// if dir holds anything else, such as the data set of other options, or if files of the data set are missing. When ctx
// ends, the error wraps its cause.
func Make(ctx context.Context, dir string, o Options) error {
	o, err := o.withDefaults()
	if err != nil {
		return fmt.Errorf("scenes: make %s: %w", dir, err)
	}
	if s, ok := readStamp(dir, o); ok {
		if err := s.check(dir, func(string) bool { return true }); err != nil {
			return fmt.Errorf("scenes: %s is damaged: %w; delete the folder and make it again", dir, err)
		}
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
	// A folder inside has the usual permissions, unlike temp.
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
	// Remove succeeds for an empty folder only.
	os.Remove(dir)
	if err := os.Rename(work, dir); err != nil && !Ready(dir, o) {
		return err
	}
	return nil
}

// checkFree refuses a folder that is not empty.
func checkFree(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, os.ErrNotExist) || err == nil && len(entries) == 0:
		return nil
	case err != nil:
		return err
	default:
		return errors.New("the folder holds other files, or this data set made with other options; delete it, or name another folder")
	}
}
