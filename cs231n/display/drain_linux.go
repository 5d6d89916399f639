package display

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// awaitDrained waits, for a second at most, until the reader of the pipe f has taken all that was written to it,
// and then a moment longer in which the reader can pass it on. Any other kind of file is left alone.
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
