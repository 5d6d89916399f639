// Command bench times this project's training steps beside those of PyTorch and NumPy.
//
//	bench [-rounds 5] [-models gan,lsgan,...] [-out out/bench]   everything: tables, bench.json, charts
//	bench step MODEL [-iters N]                                  one process's timing, a line of JSON
//	bench matmul                                                 the rate of matrix products, a line of JSON
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
	case "matmul":
		return onDevice(func(backend compute.Backend) error {
			peak, err := bench.MeasurePeak(backend, 2048)
			if err != nil {
				return err
			}
			return json.NewEncoder(stdout).Encode(peak)
		})
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
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	return onDevice(func(backend compute.Backend) error {
		timing, err := task.Run(ctx, backend)
		if err != nil {
			return err
		}
		return json.NewEncoder(stdout).Encode(timing)
	})
}

// onDevice opens the machine's fastest device for a function.
func onDevice(use func(compute.Backend) error) error {
	backend, err := device.Open()
	if err != nil {
		return err
	}
	defer backend.Finalize()
	return use(backend)
}
