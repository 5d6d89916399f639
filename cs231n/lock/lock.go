// Package lock locks files and folders against use by two programs at once.
package lock

import "errors"

// ErrHeld is returned by [File] while another program holds the lock.
var ErrHeld = errors.New("another program is using it; wait until it has finished")
