package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/cs231n-go/assignment3/cs231n/bench"
	"github.com/cs231n-go/assignment3/cs231n/cmd/cli"
)

// settings are those of the whole comparison.
type settings struct {
	rounds, iters int
	models, parts []string
	out, images   string
}

// allCommand is bench without a subcommand: every comparison, with the results in a folder.
func allCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "bench",
		Long: `Time this project's training steps beside those of PyTorch and NumPy, and write tables
and charts. A subcommand times one thing in one process and prints a line of JSON.`,
		Example: "  bench --rounds 1 --only steps --models gan,lstm\n  bench step lstm",
	}
	s := settings{rounds: 5}
	f := c.Flags()
	f.Var(cli.AtLeast(1, &s.rounds), "rounds", "run each program `N` times, in turn")
	f.Var(cli.AtLeast(0, &s.iters), "iters", "time `N` steps in each process (default about two seconds)")
	f.StringSliceVar(&s.models, "models", bench.Models(), "time the steps of the models in `LIST`")
	f.StringSliceVar(&s.parts, "only", bench.Parts(), "measure the parts in `LIST`")
	f.StringVar(&s.out, "out", filepath.Join("out", "bench"), "write bench.json, bench.md and charts into the folder `DIR`")
	f.StringVar(&s.images, "images", "", "copy the charts into the folder `DIR`")
	c.RunE = func(c *cobra.Command, _ []string) error {
		for _, part := range s.parts {
			if !slices.Contains(bench.Parts(), part) {
				return cli.Usagef("--only %q: choose from %v", part, bench.Parts())
			}
		}
		for _, model := range s.models {
			if _, err := bench.NewTask(model); err != nil {
				return cli.Usagef("--models: %w", err)
			}
		}
		return all(c.Context(), s, c.OutOrStdout(), c.ErrOrStderr())
	}
	return c
}

// all runs every comparison and writes the results into a folder.
func all(ctx context.Context, s settings, stdout, stderr io.Writer) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.out, 0o755); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	runner := bench.Runner{Root: root, Self: self, Log: stderr, Iters: s.iters}
	report, err := runner.Measure(ctx, s.parts, s.models, s.rounds)
	if report.Empty() {
		return err
	}
	// An error does not cost the results before it.
	if err = errors.Join(err, report.Save(s.out, s.images)); err != nil {
		return err
	}
	_, err = io.WriteString(stdout, report.Markdown())
	return err
}
