package coco

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cs231n-go/assignment3/cs231n/fetch"
	"github.com/cs231n-go/assignment3/cs231n/lock"
)

// archiveURL is the course's archive. The server offers plain HTTP only.
const archiveURL = "http://cs231n.stanford.edu/coco_captioning.zip"

// Fetcher downloads and unpacks the course's archive of about a gigabyte. The zero value is ready to use.
//
// The course serves the archive without encryption and publishes no checksum of it. Fetch therefore returns the SHA-256
// of the archive, so that you can compare it with the one that others got. If you know it beforehand, set SHA256.
type Fetcher struct {
	// Requests has these defaults: a request ends when less than 256 bytes a second arrive for Timeout, a minute; 5 retries;
	// a pause of a second; 4 GiB for the archive. LocalNetwork is always allowed. Client should have no Timeout.
	fetch.Requests
	URL      string   // of the archive, "" for the course's
	SHA256   string   // the expected checksum of the archive, in hexadecimal; "" accepts any
	Replace  bool     // replaces a data set in the folder that was not downloaded
	Progress Progress // may be nil
}

// Progress is called with the bytes that are done in a phase, and the total, 0 if unknown. The phases are "downloading",
// "checking" (the checksum of the archive) and "unpacking".
type Progress func(phase string, done, total int64)

// Fetched describes the archive that a [Fetcher] got.
type Fetched struct {
	Bytes  int64    `json:"bytes,omitempty"`  // size of the archive
	SHA256 string   `json:"sha256,omitempty"` // its checksum, in hexadecimal
	Files  []string `json:"files,omitempty"`  // names of the unpacked files in the folder, sorted
}

// Fetch puts the files of the archive into dir for [Load] to read. It creates dir if necessary. If an earlier call did so
// and the files still have their sizes, Fetch returns the result of that call.
//
// You can repeat a call that was interrupted. The bytes that arrived are kept in coco_captioning.zip.part and the
// download resumes after them, unless the archive on the server has changed or the server does not support ranges. The
// archive is unpacked into the folder coco_captioning.unpack in dir and loaded from there. Only then do the files move
// to dir, the captions last. The archive is not kept. Full features are not loaded, since they may not fit into memory.
//
// Fetch refuses a folder that holds another data set, such as the scenes, unless Replace is set.
//
// Errors say what to do next. They wrap the cause when ctx ends, such as [context.Canceled], and a [*fetch.Error] when
// the download fails.
func (f Fetcher) Fetch(ctx context.Context, dir string) (Fetched, error) {
	f.URL = cmp.Or(f.URL, archiveURL)
	f.Requests = f.Or(fetch.Requests{Timeout: time.Minute, Retries: 5, Pause: time.Second, MaxBytes: 4 << 30})
	f.LocalNetwork = true
	if f.Progress == nil {
		f.Progress = func(string, int64, int64) {}
	}
	u, err := url.Parse(f.URL)
	if err != nil || u.Host == "" {
		return Fetched{}, errors.New("coco: fetch: the URL is not an address on the web; it has to start with http:// or https:// and a host")
	}
	if sum, err := hex.DecodeString(f.SHA256); f.SHA256 != "" && (err != nil || len(sum) != sha256.Size) {
		return Fetched{}, fmt.Errorf("coco: fetch: %q is not a SHA-256; write it as %d hexadecimal digits", f.SHA256, 2*sha256.Size)
	}
	address := u.Redacted() // without a password, for errors and notes
	got, err := f.fetch(ctx, dir, address)
	if err != nil {
		return Fetched{}, fmt.Errorf("coco: fetch %s: %w", address, err)
	}
	return got, nil
}

// fetch does the work of Fetch. Notes store address for f.URL.
func (f Fetcher) fetch(ctx context.Context, dir, address string) (got Fetched, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Fetched{}, fmt.Errorf("%w; name a folder that can be written", err)
	}
	file, err := os.OpenFile(filepath.Join(dir, partFile), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return Fetched{}, err
	}
	defer file.Close() // an error does not matter, since the checksum and the archive are checked
	if err := lock.File(file); err != nil {
		return Fetched{}, fmt.Errorf("%s: %w", file.Name(), err)
	}
	defer lock.Unlock(file)
	n, err := loadNote(dir)
	if err != nil {
		return Fetched{}, err
	}
	defer func() {
		if info, statErr := file.Stat(); err != nil && statErr == nil && info.Size() == 0 {
			_ = discard(dir) // an error here matters less than err
		}
	}()
	if found := present(dir); n.URL == "" && len(found) > 0 && !f.Replace {
		return Fetched{}, fmt.Errorf("%s holds a data set that was not downloaded (%s); name another folder, or ask to replace it", dir, found[0])
	}
	if n.URL != address {
		n = note{URL: address}
	}
	if !n.unpacked(dir) || !f.wants(n.SHA256) {
		if n, err = f.replace(ctx, dir, file, n); err != nil {
			return Fetched{}, err
		}
	}
	got = Fetched{Bytes: n.Total, SHA256: n.SHA256, Files: slices.Sorted(maps.Keys(n.Files))}
	return got, os.Remove(file.Name())
}

// replace downloads the rest of the archive in file, unpacks it into dir, and returns the note about it.
func (f Fetcher) replace(ctx context.Context, dir string, file *os.File, n note) (note, error) {
	info, err := file.Stat()
	if err != nil {
		return note{}, err
	}
	p := &fetch.Part{Content: file, Size: info.Size(), Version: n.Version}
	p.Save = func() error { return note{URL: n.URL, Version: p.Version}.save(dir) }
	d := fetch.Download{Requests: f.Requests, Magic: "PK\x03\x04", MinRate: 256}
	d.Progress = func(done, total int64) { f.Progress("downloading", done, total) }
	if err := d.Get(ctx, f.URL, p); err != nil {
		return note{}, err
	}
	n.Version = p.Version
	n.SHA256, n.Files, err = f.finish(ctx, file, n.Total, dir)
	if _, bad := errors.AsType[badArchive](err); bad {
		// Another call would find the same complete archive.
		if removeErr := discard(dir); removeErr != nil {
			return note{}, fmt.Errorf("%w; the archive cannot be removed: %w", err, removeErr)
		}
		return note{}, fmt.Errorf("%w; the archive was removed", err)
	}
	if err != nil {
		return note{}, fmt.Errorf("%w; the archive is kept, run it again to unpack it", err)
	}
	return n, n.save(dir)
}

// wants reports whether a checksum is the expected one, or none is expected.
func (f Fetcher) wants(sum string) bool { return f.SHA256 == "" || strings.EqualFold(f.SHA256, sum) }

// finish checks the complete archive and unpacks it.
func (f Fetcher) finish(ctx context.Context, file *os.File, size int64, dir string) (sum string, files map[string]int64, err error) {
	hash := sha256.New()
	archive := io.NewSectionReader(file, 0, size)
	if _, err := io.Copy(hash, &progressReader{archive, ctx, f.Progress, "checking", 0, size}); err != nil {
		return "", nil, fmt.Errorf("checksum of %s: %w", file.Name(), err)
	}
	sum = hex.EncodeToString(hash.Sum(nil))
	if !f.wants(sum) {
		return "", nil, badArchive{fmt.Errorf("the SHA-256 of the archive (%d bytes) is %s instead of %s; check the expected value, or download the archive from elsewhere", size, sum, f.SHA256)}
	}
	files, err = f.unpack(ctx, archive, dir)
	return sum, files, err
}
