// Package fetch gets pictures from the web or from the data folder, within limits of time, bytes and pixels.
//
// Data sets of captions, such as COCO's, name their pictures by addresses that age: some pictures are gone,
// some hosts never answer, and some answer with a page of HTML. Each of these is an [*Error] here, whose
// Reason fits into a line under the caption, so that a notebook can say what is missing and go on.
package fetch

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	_ "image/gif" // the formats that decode knows
	_ "image/jpeg"
	_ "image/png"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Images gets pictures. The zero value is ready to use, and may be used by several goroutines at once.
type Images struct {
	// Dir is the folder below which local pictures lie. Empty means the current folder.
	Dir string
	// CacheDir is the folder that keeps pictures from the web, made if need be. Empty means that none are kept.
	//
	// A picture takes its own size there, MaxBytes at most. What is in the folder may be deleted at any time.
	CacheDir string
	// MaxCacheBytes is how much the cache keeps: beyond it the pictures that came first are removed. 0 means 500
	// million.
	MaxCacheBytes int64
	// Client makes the requests. Nil means one that follows five redirects; a client without a
	// CheckRedirect of its own is held to these, too.
	Client *http.Client
	// LocalNetwork lets addresses lead to this machine and its own network. Otherwise they are refused, unless
	// Client has a Transport of its own.
	LocalNetwork bool
	// Timeout is how long one try may take, from the look-up of the host to the last byte. 0 means 10 seconds.
	Timeout time.Duration
	// Retries is how often a temporary failure is tried again: a timeout, a lost connection, a server that is
	// busy or broken (408, 429, 5xx). 0 means twice, below 0 never.
	Retries int
	// Pause comes before the first retry, and doubles with each. 0 means 200 milliseconds.
	Pause time.Duration
	// MaxBytes is the size of the largest picture that is read. 0 means 20 million.
	MaxBytes int64
	// MaxPixels is the width times the height of the largest picture that is decoded, which takes up to
	// eight bytes of memory for each. 0 means 25 million.
	MaxPixels int
}

const maxRedirects = 5

func (f Images) withDefaults() Images {
	f.Dir = cmp.Or(f.Dir, ".")
	f.Timeout = cmp.Or(f.Timeout, 10*time.Second)
	f.Retries = cmp.Or(f.Retries, 2)
	f.Pause = cmp.Or(f.Pause, 200*time.Millisecond)
	f.MaxBytes = cmp.Or(f.MaxBytes, 20_000_000)
	f.MaxPixels = cmp.Or(f.MaxPixels, 25_000_000)
	f.MaxCacheBytes = cmp.Or(f.MaxCacheBytes, 500_000_000)
	f.MaxBytes = min(f.MaxBytes, 1<<40) // so that a byte more can be asked for
	client := http.Client{}
	if f.Client != nil {
		client = *f.Client
	}
	if client.CheckRedirect == nil {
		client.CheckRedirect = limitRedirects
	}
	if client.Transport == nil && !f.LocalNetwork {
		client.Transport = newPublic()
	}
	f.Client = &client
	return f
}

// Get returns the picture at address, in PNG, JPEG or GIF (the first frame of it). An address is
//
//   - an http or https URL, taken from the cache if it is there;
//   - a path, or a file URL. A path that is not absolute begins at Dir. None may lead out of Dir, not even by
//     a symbolic link.
//
// Every error is an [*Error]. When ctx ends it wraps the cause, such as [context.Canceled].
func (f Images) Get(ctx context.Context, address string) (image.Image, error) {
	f = f.withDefaults()
	img, err := f.get(ctx, address)
	if err == nil {
		return img, nil
	}
	var e *Error
	if !errors.As(err, &e) {
		e = &Error{Reason: err.Error(), Err: err}
	}
	e.Address = shown(address)
	return nil, e
}

func (f Images) get(ctx context.Context, address string) (image.Image, error) {
	if address == "" {
		return nil, &Error{Reason: "no address", Advice: "give a URL or a path"}
	}
	u, err := url.Parse(address)
	if err != nil && strings.Contains(address, "://") {
		return nil, &Error{Reason: "is not a URL", Advice: "correct the address", Err: errors.Unwrap(err)}
	}
	// One letter before a colon is a drive.
	if err != nil || len(u.Scheme) < 2 {
		return f.local(filepath.FromSlash(address))
	}
	switch u.Scheme {
	case "http", "https":
		return f.cached(ctx, u)
	case "file":
		if u.Opaque != "" || u.Host != "" && u.Host != "localhost" {
			return nil, &Error{Reason: "is not a file of this machine", Advice: "use file:/// with the full path, or a path below " + f.Dir}
		}
		return f.local(filepath.FromSlash(u.Path))
	}
	return nil, &Error{Reason: fmt.Sprintf("%s addresses are not supported", u.Scheme), Advice: "use http, https, file or a path"}
}

// local reads a picture below Dir.
func (f Images) local(path string) (image.Image, error) {
	if filepath.IsAbs(path) {
		dir, err := filepath.Abs(f.Dir)
		if err != nil {
			return nil, err
		}
		if path, err = filepath.Rel(dir, path); err != nil {
			return nil, err
		}
	}
	if !filepath.IsLocal(path) {
		return nil, &Error{Reason: "is not below " + f.Dir, Advice: "set Dir to a folder above it"}
	}
	root, err := os.OpenRoot(f.Dir)
	if err != nil {
		return nil, fileError(f.Dir, err)
	}
	defer root.Close()
	// Asked before it is opened: opening a pipe waits for somebody to write.
	info, err := root.Stat(path)
	if err != nil {
		return nil, fileError(f.Dir, err)
	}
	if !info.Mode().IsRegular() {
		return nil, &Error{Reason: "is not a file", Advice: "give the path of a picture"}
	}
	file, err := root.Open(path)
	if err != nil {
		return nil, fileError(f.Dir, err)
	}
	defer file.Close()
	data, err := f.read(file, info.Size())
	if err != nil {
		return nil, err
	}
	return f.decode(data)
}

// fileError explains why a file below dir cannot be read.
func fileError(dir string, err error) error {
	var withPath *fs.PathError // The path is in the address.
	if errors.As(err, &withPath) {
		err = withPath.Err
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &Error{Reason: "Not Found", Advice: "see whether it is below " + dir, Err: err}
	case errors.Is(err, fs.ErrPermission):
		return &Error{Reason: "Forbidden", Advice: "make it readable", Err: err}
	}
	return &Error{Reason: "cannot be read", Advice: "see whether it is a picture below " + dir, Err: err}
}

// read reads all of r, which says that it has size bytes (-1 if it does not say), up to the limit.
func (f Images) read(r io.Reader, size int64) ([]byte, error) {
	var data []byte
	if size <= f.MaxBytes {
		var err error
		// A size is a claim. One byte more than allowed tells a picture that goes on.
		if data, err = io.ReadAll(io.LimitReader(r, f.MaxBytes+1)); err != nil {
			return nil, fmt.Errorf("after %d bytes: %w", len(data), err)
		}
	}
	if size > f.MaxBytes || int64(len(data)) > f.MaxBytes {
		return nil, &Error{Reason: fmt.Sprintf("has more than %d bytes", f.MaxBytes), Advice: "raise MaxBytes to take it"}
	}
	return data, nil
}

// decode turns a file into a picture, after a look at its size in pixels.
func (f Images) decode(data []byte) (image.Image, error) {
	if len(data) == 0 {
		return nil, &Error{Reason: "is empty", Advice: "try again later, or go on without it"}
	}
	config, _, err := image.DecodeConfig(bytes.NewReader(data))
	if errors.Is(err, image.ErrFormat) {
		kind, _, _ := strings.Cut(http.DetectContentType(data), ";")
		if strings.HasPrefix(kind, "image/") {
			return nil, &Error{Reason: "is " + kind + ", which is not supported", Advice: "convert it to PNG, JPEG or GIF"}
		}
		return nil, &Error{Reason: "is " + kind + ", not an image", Advice: "open the address in a browser to see what is there, or go on without it"}
	}
	if err == nil && (config.Width < 1 || config.Height < 1) {
		err = fmt.Errorf("%d×%d pixels", config.Width, config.Height)
	}
	if err == nil && int64(config.Width) > int64(f.MaxPixels)/int64(config.Height) {
		return nil, &Error{Reason: fmt.Sprintf("has %d×%d pixels, more than %d", config.Width, config.Height, f.MaxPixels), Advice: "raise MaxPixels to take it"}
	}
	var img image.Image
	if err == nil {
		img, _, err = image.Decode(bytes.NewReader(data))
	}
	if err != nil {
		return nil, &Error{Reason: "is damaged", Advice: "put a sound copy in its place, or go on without it", Err: err}
	}
	return img, nil
}
