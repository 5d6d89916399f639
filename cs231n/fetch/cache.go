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

	"github.com/cs231n-go/assignment3/cs231n/atomicfile"
)

// cached gets the picture at u from the cache, or from the web into the cache. What cannot be decoded does
// not enter it.
func (f Images) cached(ctx context.Context, u *url.URL) (image.Image, error) {
	if img, ok := f.load(u); ok {
		return img, nil
	}
	data, err := f.download(ctx, u)
	if err != nil {
		return nil, err
	}
	img, err := f.decode(data)
	if err != nil {
		return nil, err
	}
	if f.CacheDir != "" {
		if err := f.keep(u, data); err != nil {
			return nil, &Error{Reason: "cannot be kept in " + f.CacheDir, Advice: "make room there, choose another CacheDir, or none", Err: err}
		}
	}
	return img, nil
}

// entry is the file that keeps the picture at u: the picture as it came, so that any viewer shows it, and
// behind it the SHA-256 of its bytes.
func (f Images) entry(u *url.URL) string {
	name := sha256.Sum256([]byte(u.String()))
	return filepath.Join(f.CacheDir, hex.EncodeToString(name[:]))
}

// load returns the picture that the cache has for u. Whatever is wrong with an entry, fetching it again
// mends it, so that there is no error to report.
func (f Images) load(u *url.URL) (image.Image, bool) {
	if f.CacheDir == "" {
		return nil, false
	}
	file, err := os.Open(f.entry(u))
	if err != nil {
		return nil, false
	}
	defer file.Close()
	f.MaxBytes += sha256.Size
	data, err := f.read(file, -1)
	if err != nil || len(data) < sha256.Size {
		return nil, false
	}
	data, sum := data[:len(data)-sha256.Size], data[len(data)-sha256.Size:]
	if want := sha256.Sum256(data); !bytes.Equal(sum, want[:]) {
		return nil, false
	}
	img, err := f.decode(data)
	return img, err == nil
}

// keep puts a picture into the cache, whole or not at all.
func (f Images) keep(u *url.URL, data []byte) error {
	if err := os.MkdirAll(f.CacheDir, 0o755); err != nil {
		return err
	}
	sum := sha256.Sum256(data)
	err := atomicfile.WriteBytes(f.entry(u), append(data[:len(data):len(data)], sum[:]...))
	return errors.Join(err, f.trim())
}

// trim removes the pictures that came first until the cache is within its limit. Files of other names are not its own.
func (f Images) trim() error {
	entries, err := os.ReadDir(f.CacheDir)
	if err != nil {
		return err
	}
	var kept []fs.FileInfo
	total := int64(0)
	for _, entry := range entries {
		info, err := entry.Info()
		if name, _ := hex.DecodeString(entry.Name()); err != nil || len(name) != sha256.Size || !info.Mode().IsRegular() {
			continue // an error is that of a file which somebody else removed
		}
		kept = append(kept, info)
		total += info.Size()
	}
	slices.SortFunc(kept, func(a, b fs.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	for _, info := range kept {
		if total <= f.MaxCacheBytes {
			break
		}
		if err := os.Remove(filepath.Join(f.CacheDir, info.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		total -= info.Size()
	}
	return nil
}
