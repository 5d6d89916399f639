package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/device"
	"github.com/cs231n-go/assignment3/cs231n/scenes"
)

// data runs `cs231n data`.
func data(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) > 1 && asksForHelp(args[1:]) {
		return flag.ErrHelp
	}
	replace := len(args) > 2 && args[0] == "fetch" && args[1] == "-replace"
	if replace {
		args = slices.Delete(slices.Clone(args), 1, 2)
	}
	if len(args) != 2 || strings.HasPrefix(args[1], "-") {
		return usagef("data needs what to get and where to: make DIR or fetch [-replace] DIR")
	}
	what, dir := args[0], args[1]
	progress, _ := screen(stdout, stderr)
	switch what {
	case "make":
		progress.Unit = "steps"
		err := scenes.Make(ctx, dir, scenes.Options{Progress: func(done, total int) { progress.Step(done, total) }})
		if err = errors.Join(err, progress.Done()); err != nil {
			return err
		}
		fmt.Fprintf(stdout, "the scenes data set is complete in %s\n", dir)
	case "fetch":
		progress.Unit = "MiB"
		f := coco.Fetcher{Replace: replace, Progress: func(phase string, done, total int64) {
			if phase == "downloading" {
				progress.Step(int(done>>20), int(total>>20))
			}
		}}
		got, err := f.Fetch(ctx, dir)
		if err = errors.Join(err, progress.Done()); err != nil {
			return err
		}
		fmt.Fprintf(stdout, "COCO is complete in %s: %d bytes downloaded, SHA-256 %s\n", dir, got.Bytes, got.SHA256)
	default:
		return usagef("data does not know %q; there are make and fetch", what)
	}
	return nil
}

// doctor runs `cs231n doctor`.
func doctor(args []string, stdout io.Writer) error {
	if len(args) > 0 {
		return usagef("doctor does not take %q", args[0])
	}
	return device.Doctor(stdout)
}
