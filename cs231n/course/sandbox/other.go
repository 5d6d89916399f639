//go:build !linux

package sandbox

import (
	"context"
	"fmt"
	"runtime"
)

// Init makes the own executable a guard of an untrusted program if [Run] started it as one. It then does not return.
func Init() {}

// Run runs a program. It needs Linux: on any other system it returns [ErrNotIsolated].
func Run(context.Context, Command) (Result, error) { return Result{}, unsupported() }

// Check tells how this machine isolates programs. It needs Linux: on any other system it returns [ErrNotIsolated].
func Check(context.Context) (Isolation, error) {
	return Isolation{Reason: unsupported().Error()}, unsupported()
}

func unsupported() error {
	return fmt.Errorf("%w: it needs Linux, and this is %s: use the Docker image", ErrNotIsolated, runtime.GOOS)
}
