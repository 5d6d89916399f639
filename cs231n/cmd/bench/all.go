package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/cs231n-go/assignment3/cs231n/bench"
)

// all runs every comparison and writes what it found into a folder.
func all(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	rounds := flags.Int("rounds", 5, "times that each program runs, by turns")
	models := flags.String("models", strings.Join(bench.Models(), ","), "what to time, separated by commas")
	out := flags.String("out", filepath.Join("out", "bench"), "folder for bench.json, bench.md and the charts")
	switch err := flags.Parse(args); {
	case err != nil:
		return err
	case flags.NArg() > 0:
		return fmt.Errorf("bench: unknown command %q; there are step and matmul, and flags for the whole comparison", flags.Arg(0))
	case *rounds < 1:
		return fmt.Errorf("bench: -rounds %d: at least one is needed", *rounds)
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	root, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	if err := os.MkdirAll(*out, 0o755); err != nil {
		return fmt.Errorf("bench: -out: %w", err)
	}
	runner := bench.Runner{Root: root, Self: self, Log: stderr}
	report := bench.Report{Threads: runtime.NumCPU(), Rounds: *rounds}
	if report.Peaks, err = runner.Peaks(ctx); err != nil {
		return err
	}
	if report.Comparisons, err = runner.Compare(ctx, strings.Split(*models, ","), *rounds); err != nil {
		return err
	}
	return write(report, *out, stdout)
}

// write puts the report into a folder and prints its tables.
func write(report bench.Report, out string, stdout io.Writer) error {
	data, err := report.JSON()
	if err != nil {
		return err
	}
	tables := report.Markdown()
	for name, content := range map[string][]byte{"bench.json": data, "bench.md": []byte(tables)} {
		if err := os.WriteFile(filepath.Join(out, name), content, 0o644); err != nil {
			return fmt.Errorf("bench: %w", err)
		}
	}
	_, err = io.WriteString(stdout, tables)
	return err
}
