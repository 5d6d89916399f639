package coco

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// archiveURL is where the course keeps its archive. It serves plain HTTP only.
const archiveURL = "http://cs231n.stanford.edu/coco_captioning.zip"

// Fetcher downloads and unpacks the course's archive of about a gigabyte. The zero value is ready to use.
//
// The course serves the archive without encryption and publishes no checksum of it. Fetch therefore reports the
// SHA-256 of what came, for a person to compare with what others got; who knows it beforehand sets SHA256.
type Fetcher struct {
	URL      string                  // of the archive, "" for the course's
	SHA256   string                  // what the archive must have, in hexadecimal; "" accepts any
	Client   *http.Client            // makes the requests, nil for one of its own; should have no Timeout
	Progress func(done, total int64) // hears of every piece that came, in bytes; total is 0 if unknown
	Replace  bool                    // replaces a data set that is in the folder and was not downloaded

	Retries int           // tries in a row after the first that bring less than a megabyte; 0 for 5, below 0 for none
	Pause   time.Duration // before the first retry, doubled for each one up to a minute; 0 for a second
	Stall   time.Duration // a try ends when less than 256 bytes a second come for so long; 0 for a minute

	MaxBytes    int64 // of the archive; 0 for 4 GiB
	MaxUnpacked int64 // of its files together; 0 for 16 GiB
}

// Fetched tells what a [Fetcher] got.
type Fetched struct {
	Bytes  int64    // size of the archive
	SHA256 string   // its checksum, in hexadecimal
	Files  []string // what came out of it: names in the folder, sorted
}

// Fetch puts the files of the archive into dir, which it makes if need be, for [Load] to read. If an earlier
// call did so and they still have their sizes, it returns what that call got.
//
// A call that was interrupted may be repeated: what came is kept in coco_captioning.zip.part and the download
// goes on behind it, unless the server's archive has changed or the server cannot send parts. The archive is
// unpacked beside the files' places, into coco_captioning.unpack, and the files move there only once their
// headers fit together, the captions last. The archive itself is not kept.
//
// A folder that holds a data set of other origin, such as the scenes, is refused and left alone, unless Replace is set.
//
// Errors say what to do. They wrap the cause when ctx ends, such as [context.Canceled].
func (f Fetcher) Fetch(ctx context.Context, dir string) (Fetched, error) {
	address, err := f.setDefaults()
	if err != nil {
		return Fetched{}, fmt.Errorf("coco: fetch: %w", err)
	}
	got, err := f.fetch(ctx, dir, address)
	if err != nil {
		return Fetched{}, fmt.Errorf("coco: fetch %s: %w", address, err)
	}
	return got, nil
}

// setDefaults fills in what is zero. It returns the address as errors may show it, without a password.
func (f *Fetcher) setDefaults() (address string, err error) {
	f.URL = cmp.Or(f.URL, archiveURL)
	f.Retries = cmp.Or(f.Retries, 5)
	f.Pause = cmp.Or(f.Pause, time.Second)
	f.Stall = cmp.Or(f.Stall, time.Minute)
	f.MaxBytes = cmp.Or(f.MaxBytes, 4<<30)
	f.MaxUnpacked = cmp.Or(f.MaxUnpacked, 16<<30)
	if f.Progress == nil {
		f.Progress = func(int64, int64) {}
	}
	client := http.Client{}
	if f.Client != nil {
		client = *f.Client
	}
	if client.CheckRedirect == nil {
		client.CheckRedirect = limitRedirects
	}
	f.Client = &client

	u, err := url.Parse(f.URL)
	if err != nil {
		return "", fmt.Errorf("%w; correct the address", err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", fmt.Errorf("%q is no address on the web; it has to begin with http:// or https:// and a host", u.Redacted())
	}
	if sum, err := hex.DecodeString(f.SHA256); f.SHA256 != "" && (err != nil || len(sum) != sha256.Size) {
		return "", fmt.Errorf("%q is no SHA-256; write it as %d hexadecimal digits", f.SHA256, 2*sha256.Size)
	}
	return u.Redacted(), nil
}

// limitRedirects ends a chain of redirects, and one that gives up encryption; the course's server has none.
func limitRedirects(next *http.Request, via []*http.Request) error {
	const most = 5
	if via[0].URL.Scheme == "https" && next.URL.Scheme != "https" {
		return final{fmt.Errorf("a redirect from https to %s, which is not encrypted; open the address in a browser to find the archive's own", next.URL.Redacted())}
	}
	if len(via) > most {
		return final{fmt.Errorf("more than %d redirects; open the address in a browser to find the archive's own", most)}
	}
	return nil
}

// final is an error that no other try cures.
type final struct{ error }

func (f final) Unwrap() error { return f.error }

// fetch does the work of Fetch; address is how notes name f.URL.
func (f Fetcher) fetch(ctx context.Context, dir, address string) (Fetched, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Fetched{}, fmt.Errorf("%w; name a folder that can be written", err)
	}
	if !f.Replace {
		if err := refuseForeign(dir); err != nil {
			return Fetched{}, err
		}
	}
	p, err := openPartial(dir, address)
	if err != nil {
		return Fetched{}, err
	}
	defer p.close()
	if p.note.unpacked(dir) && f.wants(p.note.SHA256) {
		return p.note.fetched(), p.remove()
	}
	if err := f.download(ctx, p); err != nil {
		if info, statErr := p.file.Stat(); statErr == nil && info.Size() == 0 {
			_ = p.discard() // only tidies up; the error to show is the other one
		}
		return Fetched{}, err
	}
	files, sum, err := f.finish(ctx, p, dir)
	if _, bad := errors.AsType[final](err); bad {
		// It is complete, so that another call would only find the same again.
		if removeErr := p.discard(); removeErr != nil {
			return Fetched{}, fmt.Errorf("%w; the archive cannot be removed: %w", err, removeErr)
		}
		return Fetched{}, fmt.Errorf("%w; the archive was removed", err)
	}
	if err != nil {
		return Fetched{}, fmt.Errorf("%w; the archive is kept, the same call unpacks it", err)
	}
	p.note.SHA256, p.note.Files = sum, files
	if err := p.note.save(dir); err != nil {
		return Fetched{}, err
	}
	return p.note.fetched(), p.remove()
}

// wants reports whether a checksum is the one asked for, or none was.
func (f Fetcher) wants(sum string) bool { return f.SHA256 == "" || strings.EqualFold(f.SHA256, sum) }

// finish checks the complete archive and unpacks it.
func (f Fetcher) finish(ctx context.Context, p *partial, dir string) (files map[string]int64, sum string, err error) {
	hash := sha256.New()
	archive := io.NewSectionReader(p.file, 0, p.size)
	if _, err := io.Copy(hash, contextReader{ctx, archive}); err != nil {
		return nil, "", fmt.Errorf("checksum of %s: %w", p.file.Name(), err)
	}
	sum = hex.EncodeToString(hash.Sum(nil))
	if !f.wants(sum) {
		return nil, "", final{fmt.Errorf("%d bytes came with the SHA-256 %s instead of %s; see whether the checksum is right, or get the archive elsewhere", p.size, sum, f.SHA256)}
	}
	files, err = unpack(ctx, archive, p.size, dir, f.MaxUnpacked)
	return files, sum, err
}
