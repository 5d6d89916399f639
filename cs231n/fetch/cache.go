package fetch

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"image"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cs231n-go/assignment3/cs231n/atomicfile"
)

// cached gets the picture at u from the cache, or from the web into the cache. Only pictures that can be decoded are
// kept.
func (f Images) cached(ctx context.Context, u *url.URL) (image.Image, error) {
	if img, ok := f.load(u); ok {
		return img, nil
	}
	var data memory
	if err := (Download{Requests: f.Requests}).Get(ctx, u.String(), &Part{Content: &data}); err != nil {
		return nil, err
	}
	img, err := f.decode(data)
	if err == nil && f.CacheDir != "" {
		_ = f.keep(u, data) // a cache that cannot be written costs another download and not the picture
	}
	return img, err
}

// entry is the file of the picture at u. It holds the picture as downloaded, so that any viewer shows it, followed by
// the SHA-256 of its bytes.
func (f Images) entry(u *url.URL) string {
	name := sha256.Sum256([]byte(u.String()))
	return filepath.Join(f.CacheDir, hex.EncodeToString(name[:]))
}

// load returns the picture that the cache has for u. There is no error: a damaged entry is fetched again.
func (f Images) load(u *url.URL) (image.Image, bool) {
	if f.CacheDir == "" {
		return nil, false
	}
	data, err := os.ReadFile(f.entry(u))
	size := len(data) - sha256.Size
	if err != nil || size < 0 || int64(size) > f.MaxBytes {
		return nil, false
	}
	if sum := sha256.Sum256(data[:size]); !bytes.Equal(sum[:], data[size:]) {
		return nil, false
	}
	img, err := f.decode(data[:size])
	return img, err == nil
}

// keep writes a picture into the cache, atomically.
func (f Images) keep(u *url.URL, data []byte) error {
	if err := os.MkdirAll(f.CacheDir, 0o755); err != nil {
		return err
	}
	sum := sha256.Sum256(data)
	err := atomicfile.WriteBytes(f.entry(u), append(data[:len(data):len(data)], sum[:]...))
	return errors.Join(err, f.trim())
}

// trim removes the oldest pictures until the cache is within its limit. It leaves other files alone.
func (f Images) trim() error {
	paths, err := filepath.Glob(filepath.Join(f.CacheDir, strings.Repeat("[0-9a-f]", 2*sha256.Size)))
	if err != nil {
		return err
	}
	var pictures []fs.FileInfo
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() { // an error means that it was just removed
			pictures = append(pictures, info)
		}
	}
	slices.SortFunc(pictures, func(a, b fs.FileInfo) int { return b.ModTime().Compare(a.ModTime()) })
	total := int64(0) // of the newest pictures
	for _, info := range pictures {
		if total += info.Size(); total > f.MaxCacheBytes {
			err = errors.Join(err, os.Remove(filepath.Join(f.CacheDir, info.Name())))
		}
	}
	return err
}
