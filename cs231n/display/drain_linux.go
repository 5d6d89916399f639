package display

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// awaitDrained waits, for at most a second, until the pipe f is empty, and then a moment longer, so that the reader can
// process the data. If f is not a pipe, it does nothing.
func awaitDrained(f *os.File) {
	const poll, grace = time.Millisecond, 5 * time.Millisecond
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		return
	}
	for range 1000 {
		unread, err := unix.IoctlGetInt(int(f.Fd()), unix.TIOCINQ)
		if err != nil || unread == 0 {
			break
		}
		time.Sleep(poll)
	}
	time.Sleep(grace)
}
