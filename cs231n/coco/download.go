package coco

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// download brings the rest of the archive, with retries.
func (f Fetcher) download(ctx context.Context, p *partial) error {
	const progress = 1 << 20 // what makes a failed try count as none
	most, tries, pause := p.size, 0, f.Pause
	for !p.complete() {
		err := f.try(ctx, p)
		if ctx.Err() != nil {
			return fmt.Errorf("interrupted: %w; %s", context.Cause(ctx), p.kept())
		}
		if err == nil {
			continue
		}
		if _, hopeless := errors.AsType[final](err); hopeless {
			return err
		}
		if p.size >= most+progress {
			most, tries, pause = p.size, 0, f.Pause
		}
		if tries++; tries > f.Retries {
			return fmt.Errorf("%w, at try %d; %s", err, tries, p.kept())
		}
		select {
		case <-time.After(pause):
			pause = min(2*pause, time.Minute)
		case <-ctx.Done():
			return fmt.Errorf("interrupted: %w; %s", context.Cause(ctx), p.kept())
		}
	}
	return nil
}

// try makes one request for what is missing and adds what comes.
func (f Fetcher) try(ctx context.Context, p *partial) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	const slowest = 256 // bytes a second: a server that sends a byte now and then is as good as silent
	least := int(slowest * f.Stall.Seconds())
	stall := time.AfterFunc(f.Stall, func() { cancel(fmt.Errorf("less than %d bytes came in %v", least, f.Stall)) })
	defer stall.Stop()

	request, err := http.NewRequestWithContext(ctx, http.MethodGet, f.URL, nil)
	if err != nil {
		return final{err}
	}
	request.Header.Set("Accept-Encoding", "identity") // parts of a compressed answer would not fit together
	if p.size > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", p.size))
		request.Header.Set("If-Range", p.note.Validator)
	}
	response, err := f.Client.Do(request)
	if err != nil {
		return explain(cmp.Or(context.Cause(ctx), err))
	}
	defer response.Body.Close()
	body := bufio.NewReaderSize(response.Body, 64<<10)
	if err := f.accept(response, body, p); err != nil {
		return err
	}
	f.Progress(p.size, p.note.Total)
	came := 0
	_, err = io.Copy(writer(func(b []byte) (int, error) {
		if came += len(b); came >= least {
			came = 0
			stall.Reset(f.Stall)
		}
		if p.size+int64(len(b)) > f.MaxBytes {
			return 0, cmp.Or(p.restart(), f.tooLarge())
		}
		n, err := p.Write(b)
		f.Progress(p.size, p.note.Total)
		return n, err
	}), body)
	if err != nil {
		return cmp.Or(context.Cause(ctx), err)
	}
	return p.end()
}

// writer makes an [io.Writer] of a function.
type writer func(b []byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }

// accept prepares for the body of an answer: it goes behind what is there, or replaces it.
func (f Fetcher) accept(response *http.Response, body *bufio.Reader, p *partial) error {
	switch code := response.StatusCode; {
	case code == http.StatusOK:
		if response.ContentLength > f.MaxBytes {
			return f.tooLarge()
		}
		// Before anything is replaced: networks that want a login answer with a page of their own.
		head, err := body.Peek(4)
		if err != nil {
			return fmt.Errorf("the answer ends after %d bytes: %w", len(head), err)
		}
		if string(head) != "PK\x03\x04" {
			return final{fmt.Errorf("the answer is no zip archive but %q; open the address in a browser to see what it is", cmp.Or(response.Header.Get("Content-Type"), "something else"))}
		}
		return p.begin(validator(response.Header), max(response.ContentLength, 0))
	case code == http.StatusPartialContent && p.size > 0:
		if p.resume(response.Header) {
			return nil
		}
		return cmp.Or(p.restart(), errors.New("the server sent another part than the missing one"))
	case code == http.StatusRequestedRangeNotSatisfiable && p.size > 0:
		return cmp.Or(p.restart(), errors.New("the server's archive is smaller than the part that is here"))
	case code == http.StatusRequestTimeout, code == http.StatusTooManyRequests, code >= 500:
		return fmt.Errorf("the server answers %s", response.Status)
	default:
		return final{fmt.Errorf("the server answers %s; see in a browser whether the address is right", response.Status)}
	}
}

func (f Fetcher) tooLarge() error {
	return final{fmt.Errorf("the archive is larger than the %d bytes of MaxBytes; see whether the address is right, or raise the limit", f.MaxBytes)}
}

// explain sorts out what can be wrong before an answer.
func explain(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err // the address is named already
	}
	if host, ok := errors.AsType[*net.DNSError](err); ok && host.IsNotFound {
		return final{fmt.Errorf("%w; correct the address, or see whether this machine is on the network", err)}
	}
	return err
}

// contextReader reads until its context ends.
type contextReader struct {
	ctx context.Context
	io.Reader
}

func (r contextReader) Read(b []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.Reader.Read(b)
}
