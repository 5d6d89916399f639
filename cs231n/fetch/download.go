package fetch

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Requests says how to make requests. The documentation of its user gives the defaults, which zero fields stand for.
type Requests struct {
	Client       *http.Client  // nil for a default one; without CheckRedirect it follows five redirects, none from https to http
	LocalNetwork bool          // allows addresses of this machine and its network, unless Client has a Transport, which decides
	Timeout      time.Duration // limits one request
	Retries      int           // requests after the first that may fail in a row and bring less than a megabyte; below 0 for none
	Pause        time.Duration // before the first retry; doubled for each one, up to a minute
	MaxBytes     int64         // size of the largest file
}

// Or returns r with zero fields replaced by those of defaults.
func (r Requests) Or(defaults Requests) Requests {
	r.Timeout = cmp.Or(r.Timeout, defaults.Timeout)
	r.Retries = cmp.Or(r.Retries, defaults.Retries)
	r.Pause = cmp.Or(r.Pause, defaults.Pause)
	r.MaxBytes = min(cmp.Or(r.MaxBytes, defaults.MaxBytes), 1<<60) // leaves room to ask for one byte more
	return r
}

// Download gets one file by HTTP, in as many requests as it takes. It retries after a failure that may be temporary: a
// timeout, a lost connection, a server that is busy or broken (408, 429, 5xx).
type Download struct {
	Requests
	Magic    string                  // the first bytes of the file; an answer that starts otherwise is refused
	MinRate  int                     // bytes per second that start Timeout anew; 0 means that it limits the whole request
	Progress func(done, total int64) // called with the bytes so far; total is 0 if unknown. May be nil.
}

// Get downloads the missing bytes of p. Every error is an [*Error].
func (d Download) Get(ctx context.Context, address string, p *Part) error {
	const progress = 1 << 20 // bytes after which failures are counted anew
	d.setDefaults()
	best, tries, pause := p.Size, 0, d.Pause
	for !p.complete() {
		err := d.try(ctx, address, p)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return &Error{Reason: "was interrupted", Advice: p.advice("try again"), Err: context.Cause(ctx)}
		}
		if p.Size >= best+progress {
			best, tries, pause = p.Size, 0, d.Pause
		}
		e := explain(err)
		if tries++; !e.temporary || tries > d.Retries {
			if e.temporary {
				e.Advice = p.advice(e.Advice)
			}
			if tries > 1 {
				e.Advice = fmt.Sprintf("tried %d times: %s", tries, e.Advice)
			}
			return e
		}
		select {
		case <-time.After(pause):
			pause = min(2*pause, time.Minute)
		case <-ctx.Done(): // the next try returns at once
		}
	}
	return nil
}

func (d *Download) setDefaults() {
	if d.Progress == nil {
		d.Progress = func(int64, int64) {}
	}
	client := *cmp.Or(d.Client, new(http.Client)) // a copy
	if client.CheckRedirect == nil {
		client.CheckRedirect = limitRedirects
	}
	if client.Transport == nil && !d.LocalNetwork {
		client.Transport = newPublic()
	}
	d.Client = &client
}

func limitRedirects(next *http.Request, via []*http.Request) error {
	const limit = 5
	if via[0].URL.Scheme == "https" && next.URL.Scheme != "https" {
		return &Error{Reason: "redirects from https to " + next.URL.Redacted() + ", which is not encrypted", Advice: inBrowser}
	}
	if len(via) > limit {
		return &Error{Reason: fmt.Sprintf("more than %d redirects", limit), Advice: inBrowser}
	}
	return nil
}

// try makes one request for the missing bytes and adds the answer to p.
func (d Download) try(ctx context.Context, address string, p *Part) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	least := int(float64(d.MinRate) * d.Timeout.Seconds())
	timeout := time.AfterFunc(d.Timeout, func() { cancel(timedOut(least, d.Timeout)) })
	defer timeout.Stop()

	request, err := d.request(ctx, address, p)
	if err != nil {
		return err
	}
	response, err := d.Client.Do(request)
	if err != nil {
		return cmp.Or(context.Cause(ctx), err)
	}
	defer response.Body.Close()
	// Content-Length is untrusted. One byte more than allowed shows that a file is too large.
	body := bufio.NewReader(io.LimitReader(response.Body, d.MaxBytes+1))
	if err := d.accept(response, body, p); err != nil {
		return cmp.Or(context.Cause(ctx), err)
	}
	d.Progress(p.Size, p.Total)
	arrived, buffer := 0, make([]byte, 64<<10)
	for {
		n, err := body.Read(buffer)
		if arrived += n; d.MinRate > 0 && arrived >= least {
			arrived = 0
			timeout.Reset(d.Timeout)
		}
		if p.Size+int64(n) > d.MaxBytes {
			return cmp.Or(p.restart(Version{}), tooLarge(d.MaxBytes))
		}
		if err := p.write(buffer[:n]); err != nil {
			return err
		}
		d.Progress(p.Size, p.Total)
		if err == io.EOF {
			return p.end()
		}
		if err != nil {
			return cmp.Or(context.Cause(ctx), fmt.Errorf("after %d bytes: %w", p.Size, err))
		}
	}
}

// request asks for the bytes behind those of p, provided that the file has not changed, or else for all of them.
func (d Download) request(ctx context.Context, address string, p *Part) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept-Encoding", "identity") // parts of a compressed answer would not fit together
	if p.resumable() {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", p.Size))
		request.Header.Set("If-Range", p.Validator)
	}
	return request, nil
}

// accept prepares p for the body of an answer, which continues it or replaces it.
func (d Download) accept(response *http.Response, body *bufio.Reader, p *Part) error {
	switch code := response.StatusCode; {
	case code == http.StatusOK:
		if response.ContentLength > d.MaxBytes {
			return tooLarge(d.MaxBytes)
		}
		// This comes before p is replaced: a network that wants you to log in answers with its login page.
		head, err := body.Peek(len(d.Magic))
		if err != nil {
			return fmt.Errorf("after %d bytes: %w", len(head), err)
		}
		if string(head) != d.Magic {
			kind := cmp.Or(response.Header.Get("Content-Type"), "of an unknown type")
			return &Error{Reason: fmt.Sprintf("is %q and not the expected file", kind), Advice: inBrowser}
		}
		return p.restart(Version{Validator: validator(response.Header), Total: max(response.ContentLength, 0)})
	case code == http.StatusPartialContent && p.continues(response.Header):
		return nil
	case p.resumable() && (code == http.StatusPartialContent || code == http.StatusRequestedRangeNotSatisfiable):
		noPart := &Error{Reason: "the server has no such part of the file", Advice: later, temporary: true}
		return cmp.Or(p.restart(Version{}), error(noPart))
	default:
		return statusError(code)
	}
}
