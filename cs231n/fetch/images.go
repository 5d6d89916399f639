// Package fetch downloads files from the web, and reads pictures from the web or from the data folder, within limits of
// time, bytes and pixels.
//
// Data sets of captions, such as COCO's, name their pictures by addresses that age: some pictures are gone, some hosts
// never answer, and some answer with a page of HTML. Each of these is an [*Error], whose Reason fits into a line under
// the caption, so that a notebook can say which picture is missing and continue.
package fetch

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	_ "image/gif" // the formats that decode accepts
	_ "image/jpeg"
	_ "image/png"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Images gets pictures. The zero value is ready to use. Several goroutines may use one Images at once.
type Images struct {
	// Requests are for pictures from the web. The defaults are 10 seconds for a request, from the look-up of the host to the
	// last byte, 2 retries, a pause of 200 milliseconds, and 20 million bytes for a picture, which also hold for local ones.
	Requests
	// Dir is the folder of local pictures. Empty means the current folder.
	Dir string
	// CacheDir is the folder that keeps pictures from the web. It is created if necessary. Empty means that none are kept.
	// You may delete files from it at any time. A picture that cannot be written there is returned all the same.
	CacheDir string
	// MaxCacheBytes limits the cache: the oldest pictures are removed first. 0 means 500 million.
	MaxCacheBytes int64
	// MaxPixels is the width times the height of the largest picture. Decoding takes up to eight bytes of memory for each
	// pixel. 0 means 25 million.
	MaxPixels int
}

// Get returns the picture at address, in PNG, JPEG or GIF (its first frame). An address is
//
//   - an http or https URL, which the cache is asked for first;
//   - a path, or a file URL. A relative path starts at Dir. No path may lead out of Dir, not even by a symbolic link.
//
// Every error is an [*Error]. When ctx ends it wraps the cause, such as [context.Canceled].
func (f Images) Get(ctx context.Context, address string) (image.Image, error) {
	f.Requests = f.Or(Requests{Timeout: 10 * time.Second, Retries: 2, Pause: 200 * time.Millisecond, MaxBytes: 20_000_000})
	f.Dir = cmp.Or(f.Dir, ".")
	f.MaxPixels = cmp.Or(f.MaxPixels, 25_000_000)
	f.MaxCacheBytes = cmp.Or(f.MaxCacheBytes, 500_000_000)
	img, err := f.get(ctx, address)
	if err == nil {
		return img, nil
	}
	e := explain(err)
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
	// One letter before a colon is a drive of Windows.
	if err != nil || len(u.Scheme) < 2 {
		return f.local(filepath.FromSlash(address))
	}
	switch u.Scheme {
	case "http", "https":
		return f.cached(ctx, u)
	case "file":
		if u.Opaque != "" || u.Host != "" && u.Host != "localhost" {
			return nil, &Error{Reason: "is not a file of this machine", Advice: "use file:/// with the full path, or a path in " + f.Dir}
		}
		return f.local(filepath.FromSlash(u.Path))
	}
	return nil, &Error{Reason: fmt.Sprintf("%s addresses are not supported", u.Scheme), Advice: "use http, https, file or a path"}
}

// local reads a picture in Dir.
func (f Images) local(path string) (image.Image, error) {
	if filepath.IsAbs(path) {
		dir, _ := filepath.Abs(f.Dir) // after an error the path is not local
		path, _ = filepath.Rel(dir, path)
	}
	if !filepath.IsLocal(path) {
		return nil, &Error{Reason: "is not in " + f.Dir, Advice: "copy the picture into that folder"}
	}
	root, err := os.OpenRoot(f.Dir)
	if err != nil {
		return nil, fileError(f.Dir, err)
	}
	defer root.Close()
	// Stat comes before ReadFile, which would wait at a pipe for somebody to write.
	info, err := root.Stat(path)
	switch {
	case err != nil:
		return nil, fileError(f.Dir, err)
	case !info.Mode().IsRegular():
		return nil, &Error{Reason: "is not a file", Advice: "give the path of a picture"}
	case info.Size() > f.MaxBytes:
		return nil, tooLarge(f.MaxBytes)
	}
	data, err := root.ReadFile(path)
	if err != nil {
		return nil, fileError(f.Dir, err)
	}
	return f.decode(data)
}

// fileError explains why a file in dir cannot be read.
func fileError(dir string, err error) error {
	if withPath, ok := errors.AsType[*fs.PathError](err); ok {
		err = withPath.Err // the caller names the path
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &Error{Reason: "Not Found", Advice: "check that it is in " + dir, Err: err}
	case errors.Is(err, fs.ErrPermission):
		return &Error{Reason: "Forbidden", Advice: "make the file readable", Err: err}
	}
	return &Error{Reason: "cannot be read", Advice: "check that it is a picture in " + dir, Err: err}
}

// decode decodes a picture. It checks the size in pixels first.
func (f Images) decode(data []byte) (image.Image, error) {
	if len(data) == 0 {
		return nil, &Error{Reason: "is empty", Advice: later}
	}
	config, _, err := image.DecodeConfig(bytes.NewReader(data))
	if errors.Is(err, image.ErrFormat) {
		kind, _, _ := strings.Cut(http.DetectContentType(data), ";")
		if strings.HasPrefix(kind, "image/") {
			return nil, &Error{Reason: "is " + kind + ", which is not supported", Advice: "convert it to PNG, JPEG or GIF"}
		}
		return nil, &Error{Reason: "is " + kind + ", not an image", Advice: "open it to see what it is, or do without it"}
	}
	var img image.Image
	switch {
	case err != nil:
	case config.Width < 1 || config.Height < 1:
		err = fmt.Errorf("%d×%d pixels", config.Width, config.Height)
	case int64(config.Width) > int64(f.MaxPixels)/int64(config.Height):
		return nil, &Error{Reason: fmt.Sprintf("has %d×%d pixels, more than %d", config.Width, config.Height, f.MaxPixels), Advice: "use a smaller copy of the picture"}
	default:
		img, _, err = image.Decode(bytes.NewReader(data))
	}
	if err != nil {
		return nil, &Error{Reason: "is damaged", Advice: "replace it by a sound copy, or do without it", Err: err}
	}
	return img, nil
}
