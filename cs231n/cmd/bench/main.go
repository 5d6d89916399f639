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
	growth := &cobra.Command{Use: "growth", Short: "Time how a step grows with its sizes", Args: cli.Args()}
	growth.RunE = func(c *cobra.Command, _ []string) error {
		return onDevice(c, 1, func(b compute.Backend) (any, error) { return bench.Grow(c.Context(), b, c.ErrOrStderr()) })
	}
	matmul := &cobra.Command{Use: "matmul", Short: "Time products of matrices", Args: cli.Args()}
	matmul.RunE = func(c *cobra.Command, _ []string) error {
		return onDevice(c, 1, func(b compute.Backend) (any, error) { return bench.MeasurePeak(b) })
	}
	return cli.Run(ctx, cli.Group(allCommand(), "command", stepCommand(), growth, matmul), args, stdout, stderr)
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
	batch := f.Int("batch", 0, "train a captioning model on batches of `N` captions (default 25)")
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

// onDevice measures on the machine's fastest device, or several, and prints the result as a line of JSON.
func onDevice(c *cobra.Command, devices int, measure func(compute.Backend) (any, error)) error {
	backend, err := device.Open(device.CPUDevices(devices))
	if err != nil {
		return err
	}
	defer backend.Finalize()
	result, err := measure(backend)
	if err != nil {
		return err
	}
	return json.NewEncoder(c.OutOrStdout()).Encode(result)
}
