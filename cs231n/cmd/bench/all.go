package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/cs231n-go/assignment3/cs231n/atomicfile"
	"github.com/cs231n-go/assignment3/cs231n/bench"
	"github.com/cs231n-go/assignment3/cs231n/display"
)

// settings are what the flags of the whole comparison say.
type settings struct {
	rounds, iters int
	models, parts []string
	out, images   string
}

func parse(args []string, stderr io.Writer) (s settings, err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&s.rounds, "rounds", 5, "times that each program runs, by turns")
	flags.IntVar(&s.iters, "iters", 0, "steps to time in each process; 0 means about two seconds")
	models := flags.String("models", strings.Join(bench.Models(), ","), "whose steps to time, separated by commas")
	only := flags.String("only", strings.Join(parts(), ","), "what to measure, separated by commas")
	flags.StringVar(&s.out, "out", filepath.Join("out", "bench"), "folder for bench.json, bench.md and the charts")
	flags.StringVar(&s.images, "images", "", "folder that gets copies of the charts, bench_steps.png and bench_growth.png")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	s.models, s.parts = strings.Split(*models, ","), strings.Split(*only, ",")
	for _, part := range s.parts {
		if !slices.Contains(parts(), part) {
			return s, fmt.Errorf("bench: -only %q: there are %v", part, parts())
		}
	}
	for _, model := range s.models {
		if _, err := bench.NewTask(model); err != nil {
			return s, err
		}
	}
	switch {
	case flags.NArg() > 0:
		return s, fmt.Errorf("bench: unknown command %q; there are step, growth and matmul, and flags for the whole comparison", flags.Arg(0))
	case s.rounds < 1 || s.iters < 0:
		return s, fmt.Errorf("bench: -rounds %d -iters %d: at least one round is needed, and a number of steps or 0", s.rounds, s.iters)
	}
	return s, nil
}

// parts are what the whole comparison consists of.
func parts() []string { return []string{"steps", "growth", "cells"} }

// all runs every comparison and writes what it found into a folder.
func all(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	s, err := parse(args, stderr)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	root, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	if err := os.MkdirAll(s.out, 0o755); err != nil {
		return fmt.Errorf("bench: -out: %w", err)
	}
	report, err := measure(ctx, bench.Runner{Root: root, Self: self, Log: stderr, Iters: s.iters}, s)
	if len(report.Comparisons) == 0 && len(report.Growth) == 0 && len(report.Cells) == 0 {
		return err
	}
	return errors.Join(err, write(report, s, stdout)) // what was measured before something failed took its time
}

func measure(ctx context.Context, runner bench.Runner, s settings) (bench.Report, error) {
	report := bench.Report{Threads: runtime.GOMAXPROCS(0), Rounds: s.rounds}
	for _, part := range s.parts {
		var err error
		switch part {
		case "steps":
			if report.Peaks, err = runner.Peaks(ctx); err == nil {
				report.Comparisons, err = runner.Compare(ctx, s.models, s.rounds)
			}
		case "growth":
			report.Growth, err = runner.Growth(ctx)
		case "cells":
			report.Cells, err = runner.Cells(ctx)
		}
		if err != nil {
			return report, err
		}
	}
	return report, nil
}

// write puts the report into a folder and prints its tables.
func write(report bench.Report, s settings, stdout io.Writer) error {
	data, err := report.JSON()
	if err != nil {
		return err
	}
	tables := report.Markdown()
	for name, content := range map[string][]byte{"bench.json": data, "bench.md": []byte(tables)} {
		if err := atomicfile.WriteBytes(filepath.Join(s.out, name), content); err != nil {
			return fmt.Errorf("bench: %w", err)
		}
	}
	if len(report.Comparisons) > 0 {
		err = save("steps.png", report.StepChart, s)
	}
	if len(report.Growth) > 0 {
		err = errors.Join(err, save("growth.png", report.GrowthChart, s))
	}
	if err != nil {
		return err
	}
	_, err = io.WriteString(stdout, tables)
	return err
}

// save writes a chart into the folder of the run and, if there is one, into that of the project's images.
func save(name string, draw func() (image.Image, error), s settings) error {
	chart, err := draw()
	if err != nil {
		return err
	}
	err = display.SavePNG(filepath.Join(s.out, name), chart)
	if s.images != "" {
		err = errors.Join(err, display.SavePNG(filepath.Join(s.images, "bench_"+name), chart))
	}
	return err
}
