package main

import (
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

// allCommand is bench without a subcommand: every comparison, with the results in a folder.
func allCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "bench",
		Long: `Time this project's training steps beside those of PyTorch, torch.compile, JAX and NumPy, and write
tables and charts. A subcommand times one thing in one process and prints a line of JSON.`,
		Example: "  bench --rounds 1 --only steps --models gan,lstm\n  bench step lstm",
	}
	runner, rounds := bench.Runner{}, 3
	f := c.Flags()
	f.Var(cli.AtLeast(1, &rounds), "rounds", "run each program `N` times, in turn")
	f.Var(cli.AtLeast(0, &runner.Iters), "iters", "time `N` steps in each process (default about two seconds)")
	models := f.StringSlice("models", bench.Models(), "time the steps of the models in `LIST`")
	parts := f.StringSlice("only", bench.Parts(), "measure the parts in `LIST`")
	out := f.String("out", filepath.Join("out", "bench"), "write bench.json, bench.md and charts into the folder `DIR`")
	keep := f.Bool("keep", false, "keep the results in --out of models and parts that are not measured")
	images := f.String("images", "", "copy the charts into the folder `DIR`")
	c.RunE = func(c *cobra.Command, _ []string) (err error) {
		for _, part := range *parts {
			if !slices.Contains(bench.Parts(), part) {
				return cli.Usagef("--only %q: choose from %v", part, bench.Parts())
			}
		}
		for _, model := range *models {
			if _, err := bench.NewTask(model); err != nil {
				return cli.Usagef("--models: %w", err)
			}
		}
		if runner.Self, err = os.Executable(); err != nil {
			return err
		}
		if runner.Root, err = os.Getwd(); err != nil {
			return err
		}
		if err := os.MkdirAll(*out, 0o755); err != nil {
			return fmt.Errorf("--out: %w", err)
		}
		var earlier bench.Report
		if *keep {
			if earlier, err = bench.Load(*out); err != nil {
				return fmt.Errorf("--keep: %w", err)
			}
		}
		runner.Log = c.ErrOrStderr()
		report, err := runner.Measure(c.Context(), *parts, *models, rounds)
		if report.Empty() {
			return err
		}
		report.Keep(earlier)
		// An error does not cost the results before it.
		err = errors.Join(err, report.Save(*out, *images))
		if err == nil {
			_, err = io.WriteString(c.OutOrStdout(), report.Markdown())
		}
		return err
	}
	return c
}
