//go:build !linux

package display

import (
	"os"
	"time"
)

// awaitDrained gives the reader of f, if it is a pipe, time to take what was written to it. Systems other
// than Linux have no portable way to ask how much of it is left.
func awaitDrained(f *os.File) {
	if info, err := f.Stat(); err == nil && info.Mode()&os.ModeNamedPipe != 0 {
		time.Sleep(30 * time.Millisecond)
	}
}
