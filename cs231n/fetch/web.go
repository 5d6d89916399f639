package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"syscall"
	"time"
)

// errRedirects ends a chain of redirects.
var errRedirects = fmt.Errorf("more than %d redirects", maxRedirects)

func limitRedirects(_ *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return errRedirects
	}
	return nil
}

// download gets the bytes at u, with retries.
func (f Images) download(ctx context.Context, u *url.URL) ([]byte, error) {
	pause := f.Pause
	for try := 0; ; try++ {
		data, err := f.try(ctx, u)
		if err == nil {
			return data, nil
		}
		if ctx.Err() != nil {
			return nil, ended(ctx)
		}
		e := explain(err)
		if !e.temporary || try >= f.Retries {
			if try > 0 {
				e.Advice = fmt.Sprintf("it was tried %d times: %s", try+1, e.Advice)
			}
			return nil, e
		}
		select {
		case <-time.After(pause):
			pause *= 2
		case <-ctx.Done():
			return nil, ended(ctx)
		}
	}
}

// ended is the error of a context that the caller ended.
func ended(ctx context.Context) error {
	return &Error{Reason: "was interrupted", Advice: "ask again to get it", Err: context.Cause(ctx)}
}

// try makes one request.
func (f Images) try(ctx context.Context, u *url.URL) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, f.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "image/png, image/jpeg, image/gif")
	response, err := f.Client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, statusError(response.StatusCode)
	}
	return f.read(response.Body, response.ContentLength)
}

// statusError explains an answer other than 200.
func statusError(code int) error {
	e := &Error{Reason: http.StatusText(code), Err: fmt.Errorf("the server answers %d", code)}
	if e.Reason == "" {
		e.Reason = "status " + strconv.Itoa(code)
	}
	switch {
	case code == http.StatusNotFound || code == http.StatusGone:
		e.Advice = "the picture is gone: go on without it"
	case code == http.StatusTooManyRequests || code == http.StatusRequestTimeout || code >= 500:
		e.Advice, e.temporary = "try again later, or go on without it", true
	default:
		e.Advice = "open the address in a browser to see what the server wants, or go on without it"
	}
	return e
}

// explain makes an [*Error] of what went wrong in a try.
func explain(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	// The address, which url.Error repeats, is in the error already.
	var inURL *url.Error
	if errors.As(err, &inURL) {
		err = inURL.Err
	}
	var timed net.Error
	var host *net.DNSError
	switch {
	case errors.Is(err, errRedirects):
		return &Error{Reason: err.Error(), Advice: "open the address in a browser to find the picture's own, or go on without it"}
	case errors.Is(err, errLocal):
		return &Error{Reason: errLocal.Error(), Advice: "set LocalNetwork to take pictures from there"}
	case errors.As(err, &host) && !host.IsTimeout:
		return &Error{Reason: "no such host", Advice: "correct the address, or see whether this machine is on the network", Err: err, temporary: host.IsTemporary}
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timed) && timed.Timeout():
		return &Error{Reason: "timed out", Advice: "try again later, or raise Timeout", Err: err, temporary: true}
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &Error{Reason: "connection lost", Advice: "try again later, or go on without it", Err: err, temporary: true}
	}
	return &Error{Reason: "no answer", Advice: "see whether this machine is on the network and the address is right", Err: err}
}
