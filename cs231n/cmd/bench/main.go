// Command bench times this project's training steps beside those of PyTorch and NumPy.
//
//	bench [-rounds 5] [-models gan,lsgan,...] [-only steps,growth,cells] [-out out/bench] [-images DIR]
//	    everything: tables, bench.json, bench.md and charts
//	bench step MODEL [-iters N] [-devices N] [-batch N]
//	    one process's timing, as a line of JSON
//	bench growth
//	    how time grows with sizes, as a line of JSON
//	bench matmul
//	    the rate of matrix products, as a line of JSON
//
// It has to start in the checkout, as make bench does, whose Python environments and programs it uses. Ctrl-C ends it
// and the process that is being timed.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/gomlx/compute"

	"github.com/cs231n-go/assignment3/cs231n/bench"
	"github.com/cs231n-go/assignment3/cs231n/device"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return
		}
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	command := ""
	if len(args) > 0 {
		command = args[0]
	}
	switch command {
	case "step":
		return step(ctx, args[1:], stdout, stderr)
	case "growth":
		return onDevice(stdout, 1, func(backend compute.Backend) (any, error) { return bench.Grow(ctx, backend, stderr) })
	case "matmul":
		return onDevice(stdout, 1, func(backend compute.Backend) (any, error) { return bench.MeasurePeak(backend) })
	}
	return all(ctx, args, stdout, stderr)
}

// step is `bench step MODEL`.
func step(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return fmt.Errorf("bench: step needs a model: one of %v", bench.Models())
	}
	task, err := bench.NewTask(args[0])
	if err != nil {
		return err
	}
	flags := flag.NewFlagSet("bench step MODEL", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&task.Iters, "iters", task.Iters, "steps to time, after some that warm up")
	flags.IntVar(&task.Devices, "devices", 1, "devices that share each batch of training")
	flags.IntVar(&task.Batch, "batch", task.Batch, "captions in a batch of a captioning model")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	return onDevice(stdout, task.Devices, func(backend compute.Backend) (any, error) { return task.Run(ctx, backend) })
}

// onDevice measures on the machine's fastest device, or several, and prints the result as a line of JSON.
func onDevice(stdout io.Writer, devices int, measure func(compute.Backend) (any, error)) error {
	backend, err := device.Open(device.CPUDevices(devices))
	if err != nil {
		return err
	}
	defer backend.Finalize()
	result, err := measure(backend)
	if err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(result)
}
