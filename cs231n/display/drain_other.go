//go:build !linux

package display

import (
	"os"
	"time"
)

// awaitDrained gives the reader of f, if it is a pipe, time to read it. Other systems than Linux have no portable way to
// query the unread bytes.
func awaitDrained(f *os.File) {
	if info, err := f.Stat(); err == nil && info.Mode()&os.ModeNamedPipe != 0 {
		time.Sleep(30 * time.Millisecond)
	}
}
