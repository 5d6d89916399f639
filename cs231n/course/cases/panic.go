package cases

import (
	"errors"
	"fmt"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/cs231n-go/assignment3/cs231n/course"
)

// Panic is a panic in the code of an exercise, or in a function that it called.
type Panic struct {
	Reason string
	Where  string // file and line in the function of an exercise, as in "cs231n/rnn/step.go:42"; "" if none was running
	Err    error  // the value of the panic if it was an error
}

// Error says what was wrong and where.
func (p *Panic) Error() string {
	if p.Where == "" {
		return p.Reason
	}
	return fmt.Sprintf("%s: %s", p.Where, p.Reason)
}

// Unwrap returns the value of the panic.
func (p *Panic) Unwrap() error { return p.Err }

// frame matches a call in a stack trace: the function, its file and the line.
var frame = regexp.MustCompile(`(?m)^\S*/\w+\.(\S+)\(.*\)\n\t\S*?(cs231n/[a-z/]+/\w+\.go):(\d+)`)

// note remembers a panic and where it began, since GoMLX recovers from it and drops the stack. It must be deferred.
func (r *run) note() {
	if value := recover(); value != nil {
		r.panicked = newPanic(value, string(debug.Stack()))
		panic(value)
	}
}

// watch calls evaluate. A panic, there or in a graph, becomes a [*Panic].
func (r *run) watch(evaluate func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = newPanic(value, string(debug.Stack()))
		}
	}()
	if err = evaluate(); err != nil && r.panicked != nil {
		return r.panicked
	}
	return plain(err)
}

// plain drops the levels of an error that GoMLX puts before the message of a panic.
func plain(err error) error {
	const before = " panicked: "
	if err == nil || !strings.Contains(err.Error(), before) {
		return err
	}
	text, _, _ := strings.Cut(err.Error(), "\n")
	return &Panic{Reason: text[strings.LastIndex(text, before)+len(before):], Err: err}
}

// newPanic describes a panic. The stack of a panic begins with the functions that handle it.
func newPanic(value any, stack string) *Panic {
	p := &Panic{Reason: fmt.Sprint(value)}
	if err, ok := value.(error); ok {
		p.Err = err
		for inner := err; inner != nil; inner = errors.Unwrap(inner) {
			p.Reason = inner.Error() // GoMLX repeats the message at every level
		}
	}
	p.Reason, _, _ = strings.Cut(p.Reason, "\n")
	_, origin, _ := strings.Cut(stack, "panic(")
	p.Where = where(origin)
	return p
}

// where finds the innermost call of an exercise's function, or of a function literal in it.
func where(stack string) string {
	for _, at := range frame.FindAllStringSubmatch(stack, -1) {
		name := strings.NewReplacer("(*", "", ")", "").Replace(at[1]) + "."
		if slices.ContainsFunc(course.Exercises(), func(e course.Exercise) bool {
			return e.File == at[2] && strings.HasPrefix(name, e.Func+".")
		}) {
			return at[2] + ":" + at[3]
		}
	}
	return ""
}
