package display

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// newTerminal opens a pseudoterminal. The function closes it and returns what was written to it.
func newTerminal(t *testing.T) (*os.File, func() string) {
	t.Helper()
	outside, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	require.NoError(t, err)
	t.Cleanup(func() { outside.Close() })
	require.NoError(t, unix.IoctlSetPointerInt(int(outside.Fd()), unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(int(outside.Fd()), unix.TIOCGPTN)
	require.NoError(t, err)
	terminal, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { terminal.Close() })
	settings, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
	require.NoError(t, err)
	settings.Oflag &^= unix.OPOST // else \n becomes \r\n
	require.NoError(t, unix.IoctlSetTermios(int(terminal.Fd()), unix.TCSETS, settings))
	return terminal, func() string {
		require.NoError(t, terminal.Close())
		text, err := io.ReadAll(outside)
		require.ErrorIs(t, err, unix.EIO, "the end of what a closed terminal was given")
		return string(text)
	}
}

// steady removes the speed at the end of a line, which depends on the clock.
func steady(text string) string { return regexp.MustCompile(`  [0-9.]+/s`).ReplaceAllString(text, "") }

// useScreen is a command with a log line, a phase that waits, and a phase with steps and a line in its middle.
func useScreen(t *testing.T, s *Screen) {
	t.Helper()
	s.Phase("loading", "")
	_, err := fmt.Fprintln(s, "a line")
	require.NoError(t, err)
	s.Phase("compiling", "images", "loss")
	s.Step(1, 3, 0.5)
	_, err = fmt.Fprintln(s, "another line")
	require.NoError(t, err)
	s.Step(3, 3, 0.25) // too soon to be shown
	require.NoError(t, s.Done())
	require.NoError(t, s.Done(), "the second time it has nothing to say")
}

func TestScreen(t *testing.T) {
	const (
		clear    = "\r\x1b[K"
		progress = "\rloading\x1b[K" + clear + "%s\rloading\x1b[K" + clear + "\rcompiling\x1b[K\r1/3 images  loss 0.5\x1b[K" + clear + "%s\r3/3 images in 0:00  loss 0.25\x1b[K\n"
		log      = "a line\nanother line\n"
	)
	t.Run("error is a terminal", func(t *testing.T) {
		terminal, written := newTerminal(t)
		var stdout bytes.Buffer
		useScreen(t, NewScreen(&stdout, terminal, false))
		require.Equal(t, fmt.Sprintf(progress, "", ""), steady(written()))
		require.Equal(t, log, stdout.String())
	})
	t.Run("output is a terminal", func(t *testing.T) {
		terminal, written := newTerminal(t)
		var stderr bytes.Buffer
		useScreen(t, NewScreen(terminal, &stderr, false))
		require.Equal(t, fmt.Sprintf(progress, "a line\n", "another line\n"), steady(written()))
		require.Empty(t, stderr.String())
	})
	t.Run("for programs, error is a terminal", func(t *testing.T) {
		terminal, written := newTerminal(t)
		var stdout bytes.Buffer
		useScreen(t, NewScreen(&stdout, terminal, true))
		require.Equal(t, fmt.Sprintf(progress, "a line\n", "another line\n"), steady(written()))
		require.Empty(t, stdout.String())
	})
	t.Run("for programs, output is a terminal", func(t *testing.T) {
		terminal, written := newTerminal(t)
		var stderr bytes.Buffer
		useScreen(t, NewScreen(terminal, &stderr, true))
		require.Empty(t, written())
		require.Empty(t, stderr.String())
	})
	t.Run("no terminal", func(t *testing.T) {
		var stdout, stderr bytes.Buffer
		useScreen(t, NewScreen(&stdout, &stderr, false))
		require.Equal(t, log+"3/3 images in 0:00  loss 0.25\n", steady(stdout.String()))
		require.Empty(t, stderr.String())
	})
}

// TestScreenBytes shows two phases of a download, without a line for each step.
func TestScreenBytes(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	s := NewScreen(&stdout, &stderr, false)
	s.Phase("connecting", "")
	for i := range 3 {
		s.Bytes("downloading", int64(i)<<20, 2<<20)
	}
	s.Bytes("unpacking", 1<<19, 0)
	s.Bytes("unpacking", 7<<20+5, 0)
	require.NoError(t, s.Done())
	require.Equal(t, "downloading 2/2 MiB in 0:00\nunpacking 7 MiB in 0:00\n", steady(stdout.String()))
	require.Empty(t, stderr.String())
}

// TestScreenReportsItsLoss writes to where nothing can be written.
func TestScreenReportsItsLoss(t *testing.T) {
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	require.NoError(t, err)
	defer full.Close()
	s := NewScreen(full, full, false)
	s.Step(1, 1)
	require.ErrorContains(t, s.Done(), "no space left on device")
	_, err = s.Write([]byte("line"))
	require.ErrorContains(t, err, "no space left on device")
}
