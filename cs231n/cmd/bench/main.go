// Command bench times this project's training steps beside those of PyTorch, JAX and NumPy; see bench --help.
//
// It must start in the checkout, as make bench does, whose Python environments and programs it uses. Ctrl-C ends it and the
// process that is being timed.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/gomlx/compute"
	"github.com/spf13/cobra"

	"github.com/cs231n-go/assignment3/cs231n/bench"
	"github.com/cs231n-go/assignment3/cs231n/cmd/cli"
	"github.com/cs231n-go/assignment3/cs231n/device"
)

func main() {
	cli.RecordCrashes()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run executes one command line and returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	matmul := &cobra.Command{Use: "matmul", Short: "Time products of matrices", Args: cli.Args()}
	matmul.RunE = func(c *cobra.Command, _ []string) error {
		return onDevice(c, 1, func(b compute.Backend) (any, error) { return bench.MeasurePeak(b) })
	}
	return cli.Run(ctx, cli.Group(allCommand(), "command", stepCommand(), growthCommand(), loadCommand(), epochCommand(), matmul), args, stdout, stderr)
}

// stepCommand is `bench step MODEL`.
func stepCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "step MODEL", Short: "Time the training step of a model", Args: cli.Args("MODEL"), ValidArgs: bench.Models(),
		Long: "Time the training step of a model, or sampling, in this process, and print a line of JSON.", Example: "  bench step lstm --batch 50",
	}
	f := c.Flags()
	iters := f.Int("iters", 0, "time `N` steps, after some that warm up (default about two seconds)")
	devices := f.Int("devices", 1, "share each batch of training between `N` devices")
	batch := f.Int("batch", 0, "take `N` examples in each step (default as in the assignment)")
	c.RunE = func(c *cobra.Command, args []string) error {
		task, err := bench.NewTask(args[0])
		if err != nil {
			return cli.Usagef("%w", err)
		}
		task.Iters, task.Batch, task.Devices = cmp.Or(*iters, task.Iters), cmp.Or(*batch, task.Batch), *devices
		return onDevice(c, task.Devices, func(b compute.Backend) (any, error) { return task.Run(c.Context(), b) })
	}
	return c
}

// growthCommand is `bench growth MODEL`.
func growthCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "growth MODEL", Short: "Time how the step of a model grows with its sizes",
		Args: cli.Args("MODEL"), ValidArgs: bench.GrowthModels(),
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		if !slices.Contains(bench.GrowthModels(), args[0]) {
			return cli.Usagef("there is no growth of %q; choose from %v", args[0], bench.GrowthModels())
		}
		return onDevice(c, 1, func(b compute.Backend) (any, error) {
			return bench.Grow(c.Context(), b, args[0], c.ErrOrStderr())
		})
	}
	return c
}

// loadCommand is `bench load DIR`.
func loadCommand() *cobra.Command {
	c := &cobra.Command{Use: "load DIR", Short: "Time loading a captioning data set", Args: cli.Args("DIR")}
	c.RunE = func(c *cobra.Command, args []string) error {
		result, err := bench.TimeLoading(c.Context(), args[0])
		return write(c, result, err)
	}
	return c
}

// epochCommand is `bench epoch MODEL DIR`.
func epochCommand() *cobra.Command {
	const defaultIters = 200
	c := &cobra.Command{
		Use: "epoch MODEL DIR", Short: "Time part of an epoch and part of the captions of a data set",
		Args: cli.Args("MODEL", "DIR"), ValidArgs: bench.CaptioningModels(),
		Long: `Time training steps of a captioning model on the data set in the folder DIR, and captions for some of its
validation images. Print a line of JSON.`,
	}
	iters := defaultIters
	c.Flags().Var(cli.AtLeast(1, &iters), "iters", "time `N` steps, after some that warm up")
	c.RunE = func(c *cobra.Command, args []string) error {
		if !slices.Contains(bench.CaptioningModels(), args[0]) {
			return cli.Usagef("%q is no captioning model; choose from %v", args[0], bench.CaptioningModels())
		}
		task, err := bench.NewTask(args[0])
		if err != nil {
			return err
		}
		task.Iters = iters
		return onDevice(c, 1, func(b compute.Backend) (any, error) { return task.Epoch(c.Context(), b, args[1]) })
	}
	return c
}

// onDevice measures on the machine's fastest device, or several, and prints the result.
func onDevice(c *cobra.Command, devices int, measure func(compute.Backend) (any, error)) error {
	backend, err := device.Open(device.CPUDevices(devices))
	if err != nil {
		return err
	}
	defer backend.Finalize()
	result, err := measure(backend)
	return write(c, result, err)
}

// write prints a result as a line of JSON, unless there was an error.
func write(c *cobra.Command, result any, err error) error {
	if err != nil {
		return err
	}
	return json.NewEncoder(c.OutOrStdout()).Encode(result)
}
