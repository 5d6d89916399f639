//go:build !unix

package lock

import "os"

// File does nothing, since this system has no flock.
func File(*os.File) error { return nil }

// Unlock does nothing.
func Unlock(*os.File) {}
