package fetch

import (
	"net/url"
	"strconv"
	"strings"
	"unicode"
)

// Error says why there is no picture.
type Error struct {
	Address string // what was asked for, without a password, and shortened if it is very long
	Reason  string // a few words: "Not Found", "timed out", "is text/html, not an image"
	Advice  string // what to do about it
	Err     error  // the cause, nil if Reason says it all

	temporary bool // another try may help
}

// Error tells all of it in one line.
func (e *Error) Error() string {
	text := "fetch: " + e.Address + ": " + e.Reason
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

// shown is an address as an error shows it: a data URL can be a whole picture, and a list of addresses can
// hold anything.
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
