package fetch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"
)

// Error says why a file could not be fetched, and what to do about it.
type Error struct {
	Address string // of the file, without a password and shortened if very long; "" if the caller names it
	Reason  string // a few words: "Not Found", "timed out", "is text/html, not an image"
	Advice  string // what to do next
	Err     error  // the cause, nil if there is no more to say than Reason

	temporary bool // another try may help
}

// Error returns the whole message as one line.
func (e *Error) Error() string {
	text := e.Reason
	if e.Address != "" {
		text = "fetch: " + e.Address + ": " + text
	}
	if e.Err != nil && e.Err.Error() != e.Reason {
		text += " (" + e.Err.Error() + ")"
	}
	if e.Advice != "" {
		text += "; " + e.Advice
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// shown is an address as an error shows it. A data URL can hold a whole picture, and a list of addresses can hold
// anything.
func shown(address string) string {
	if u, err := url.Parse(address); err == nil && u.User != nil {
		address = u.Redacted()
	}
	const limit = 300
	if len(address) > limit {
		address = strings.ToValidUTF8(address[:limit], "") + "…"
	}
	if strings.ContainsFunc(address, unicode.IsControl) || address == "" {
		return strconv.Quote(address)
	}
	return address
}

// Advice for errors.
const (
	inBrowser   = "open the address in a browser to see what is there"
	later       = "try again later"
	unreachable = "check the address, and whether this machine is on the network"
)

// timedOut is the error of a request that took longer than limit, or that brought fewer than least bytes in that time.
func timedOut(least int, limit time.Duration) error {
	if least == 0 {
		return &Error{Reason: "timed out", Advice: later, Err: context.DeadlineExceeded, temporary: true}
	}
	return &Error{Reason: fmt.Sprintf("is too slow: less than %d bytes in %v", least, limit), Advice: later, temporary: true}
}

func tooLarge(limit int64) error {
	return &Error{Reason: fmt.Sprintf("has more than %d bytes", limit), Advice: "check that this is the right file, or use a smaller one"}
}

// notWritten explains an error of the disk. It returns nil for nil.
func notWritten(err error) error {
	if err == nil {
		return nil
	}
	return &Error{Reason: "cannot be stored", Advice: "make room on the disk or the folder writable, then run it again", Err: err}
}

// statusError explains an answer that is not the file.
func statusError(code int) error {
	reason := cmp.Or(http.StatusText(code), "status "+strconv.Itoa(code))
	e := &Error{Reason: reason, Advice: inBrowser, Err: fmt.Errorf("the server answered %d", code)}
	if code == http.StatusTooManyRequests || code == http.StatusRequestTimeout || code >= 500 {
		e.Advice, e.temporary = later, true
	}
	return e
}

// explain makes an [*Error] of what went wrong in a try.
func explain(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	if inURL, ok := errors.AsType[*url.Error](err); ok {
		err = inURL.Err // without the address, which the caller names
	}
	timed, _ := errors.AsType[net.Error](err)
	host, _ := errors.AsType[*net.DNSError](err)
	dial, _ := errors.AsType[*net.OpError](err)
	switch {
	case errors.Is(err, errLocal):
		return &Error{Reason: errLocal.Error(), Advice: "copy the picture into the data folder, or use an address on the internet"}
	case host != nil && host.IsNotFound:
		return &Error{Reason: "no such host", Advice: unreachable, Err: err}
	case errors.Is(err, context.DeadlineExceeded), timed != nil && timed.Timeout():
		return &Error{Reason: "timed out", Advice: later, Err: err, temporary: true}
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &Error{Reason: "connection lost", Advice: later, Err: err, temporary: true}
	}
	return &Error{Reason: "no answer", Advice: unreachable, Err: err, temporary: dial != nil || host != nil}
}
