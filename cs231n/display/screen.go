package display

import (
	"io"
	"os"

	"golang.org/x/term"
)

// Screen shows the progress and the log of a command, phase after phase. On a terminal the progress is a line that is
// rewritten in place, below the log. Elsewhere it is part of the log, which is on standard output: standard error is for
// errors alone. A Screen is for one goroutine.
type Screen struct {
	phase         *Progress
	progress, log io.Writer
	terminal      bool   // whether progress goes to a terminal
	waiting       string // shown until the first step of the phase, or empty
}

// NewScreen returns the screen of a command. If the command's standard output is for programs to read, progress and log
// appear only on a terminal for standard error.
func NewScreen(stdout, stderr io.Writer, forPrograms bool) *Screen {
	s := &Screen{progress: stdout, log: stdout, terminal: isTerminal(stderr)}
	switch {
	case s.terminal:
		s.progress = stderr
	case forPrograms:
		s.progress = io.Discard
	default:
		s.terminal = isTerminal(stdout)
	}
	if forPrograms {
		s.log = s.progress
	}
	s.phase = NewProgress(s.progress)
	return s
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// Phase ends a phase and begins the next one. People see the text of waiting until its first step. The steps count units, or
// iterations if unit is empty, and have values with names.
func (s *Screen) Phase(waiting, unit string, names ...string) {
	_ = s.Done() // the last phase reports a screen that cannot be written
	s.phase = NewProgress(s.progress, names...)
	s.phase.Unit, s.waiting = unit, waiting
	s.announce()
}

func (s *Screen) announce() {
	if s.waiting != "" {
		s.phase.Announce(s.waiting)
	}
}

// Step shows that done of total units are finished; see [Progress.Step].
func (s *Screen) Step(done, total int, values ...float64) {
	s.waiting = ""
	s.phase.Step(done, total, values...)
}

// Bytes shows that done of total bytes are finished in a phase, such as "downloading", which it begins if necessary.
func (s *Screen) Bytes(phase string, done, total int64) {
	if s.phase.Title != phase {
		s.Phase("", "MiB")
		s.phase.Title = phase
	}
	s.Step(int(done>>20), int(total>>20))
}

// Done ends the last phase with its last line. The error is one of writing it.
func (s *Screen) Done() error {
	err := s.phase.Done()
	s.phase, s.waiting = NewProgress(s.progress), ""
	return err
}

// Write writes a line of the log.
func (s *Screen) Write(line []byte) (int, error) {
	if s.terminal {
		// A terminal that cannot be cleared is no reason to lose the line.
		_, _ = io.WriteString(s.progress, "\r\x1b[K")
	}
	n, err := s.log.Write(line)
	s.announce()
	return n, err
}
