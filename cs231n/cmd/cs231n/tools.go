package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/cs231n-go/assignment3/cs231n/device"
	"github.com/cs231n-go/assignment3/cs231n/mnist"
)

// data runs `cs231n data`.
func data(ctx context.Context, args []string, stdout io.Writer) error {
	if len(args) != 2 || args[0] != "mnist" || strings.HasPrefix(args[1], "-") {
		return usagef("data needs what to fetch and where to: data mnist DIR")
	}
	if err := mnist.Fetch(ctx, args[1]); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "MNIST is complete in %s\n", args[1])
	return nil
}

// doctor runs `cs231n doctor`.
func doctor(args []string, stdout io.Writer) error {
	if len(args) > 0 {
		return usagef("doctor does not take %q", args[0])
	}
	return device.Doctor(stdout)
}
