package assess

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"github.com/cs231n-go/assignment3/cs231n/course/cases"
)

// Direct runs a probe without isolation, for a student's own code on the student's own machine.
func Direct(ctx context.Context, p Probe) (ended string, results []byte, err error) {
	const most = 5 * time.Minute
	limited, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	cmd := exec.CommandContext(limited, p.Program, p.Args()...)
	// In a class, .venv with XLA's plugin is not in the student's copy, but where CS231N_ROOT says.
	root := cmp.Or(os.Getenv("CS231N_ROOT"), p.Root)
	cmd.Env = append(os.Environ(), "CS231N_ROOT="+root, "GONB_PIPE=", "GONB_TMP_DIR=", "GOTRACEBACK=single")
	var out tail
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	results, _ = os.ReadFile(p.Results)
	exit, exited := errors.AsType[*exec.ExitError](err)
	switch {
	case ctx.Err() != nil:
		return "", nil, ctx.Err()
	case limited.Err() != nil:
		return fmt.Sprintf("it was stopped after %v", most), results, nil
	case err == nil:
		return Ended(0, "", ""), results, nil
	case !exited:
		return "", nil, fmt.Errorf("assess: the probe cannot be started: %w", err)
	}
	ended = Ended(exit.ExitCode(), string(out), exit.String())
	if len(results) == 0 { // the probe has said why
		said := bytes.TrimSpace(out)
		ended += ": " + Line(string(said[bytes.LastIndexByte(said, '\n')+1:]))
	}
	return ended, results, nil
}

// tail keeps the end of what a program prints, which may be without end.
type tail []byte

// Write keeps at most twice as much as is needed to find the cause of a crash.
func (t *tail) Write(b []byte) (int, error) {
	const most = 1 << 20
	if *t = append(*t, b...); len(*t) > 2*most {
		*t = append(tail(nil), (*t)[len(*t)-most:]...)
	}
	return len(b), nil
}

// crash matches the runtime's message about a signal in a library.
var crash = regexp.MustCompile(`(?m)^SIG[A-Z]+: .*`)

// Ended says why a probe ended before its last case.
func Ended(status int, output, otherwise string) string {
	switch {
	case status == cases.StatusTooLong:
		return "it does not come to an end: look for a loop whose condition never changes"
	case status == cases.StatusWaits:
		return "it waits without end: it does not compute any more, but does not return either"
	case status == 0:
		return "it ended the program: exercises must not exit"
	case strings.Contains(output, "stack overflow"):
		return "it calls itself without end"
	case strings.Contains(output, "fatal error: "), strings.Contains(output, "panic: "):
		for line := range strings.Lines(output) {
			if strings.HasPrefix(line, "fatal error: ") || strings.HasPrefix(line, "panic: ") {
				return "it ended with " + strings.TrimSpace(line)
			}
		}
	case crash.MatchString(output):
		return "XLA crashed (" + crash.FindString(output) + "): are the shapes of the arrays too large?"
	}
	return "its process ended: " + otherwise
}
