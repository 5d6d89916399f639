package mnist

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/cs231n-go/assignment3/cs231n/atomicfile"
)

// Fetcher downloads the four archives. The zero value is ready to use.
type Fetcher struct {
	// Mirrors are the addresses of folders that serve the archives, tried in this
	// order for each file. None means the mirrors of PyTorch and of Google, by https.
	Mirrors []string
	// Client makes the requests. Nil means one that gives a file ten minutes.
	Client *http.Client
}

// Fetch is [Fetcher.Fetch] of the zero Fetcher.
func Fetch(ctx context.Context, dir string) error { return Fetcher{}.Fetch(ctx, dir) }

// Fetch puts the archives into dir, which it makes if need be, for [Load] to read.
// Archives that are there already and sound are left alone.
//
// A file appears only when it is complete and has the published SHA-256, whatever
// mirror it came from, so that an interrupted call may simply be repeated. When all
// mirrors fail for a file the error wraps what each of them said; when ctx ends, it
// wraps the cause, such as [context.DeadlineExceeded].
func (f Fetcher) Fetch(ctx context.Context, dir string) error {
	if len(f.Mirrors) == 0 {
		f.Mirrors = []string{
			"https://ossci-datasets.s3.amazonaws.com/mnist/",
			"https://storage.googleapis.com/cvdf-datasets/mnist/",
		}
	}
	if f.Client == nil {
		f.Client = &http.Client{Timeout: 10 * time.Minute}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("mnist: fetch: %w", err)
	}
	for _, a := range archives() {
		if err := f.archive(ctx, a, filepath.Join(dir, a.name)); err != nil {
			return fmt.Errorf("mnist: fetch %s: %w; try again later, or put the file into %s yourself", a.name, err, dir)
		}
	}
	return nil
}

// archive gets one archive from the first mirror that has it.
func (f Fetcher) archive(ctx context.Context, a archive, path string) error {
	if isSound(a, path) {
		return nil
	}
	var failed error
	for _, mirror := range f.Mirrors {
		err := f.download(ctx, mirror, a, path)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%s: %w", mirror, context.Cause(ctx))
		}
		if failed != nil {
			// errors.Join would make two lines of it.
			err = fmt.Errorf("%w; %w", failed, err)
		}
		failed = err
	}
	return failed
}

func isSound(a archive, path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	return a.copy(io.Discard, file) == nil
}

// download gets an archive from one mirror.
func (f Fetcher) download(ctx context.Context, mirror string, a archive, path string) error {
	address, err := url.JoinPath(mirror, a.name)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	response, err := f.Client.Do(request)
	if err != nil {
		return err // It names the address already.
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", address, response.Status)
	}

	return atomicfile.Write(path, func(file *os.File) error {
		if err := a.copy(file, response.Body); err != nil {
			return fmt.Errorf("%s: %w", address, err)
		}
		return nil
	})
}

// copy writes all of r to w, which must be the archive: its size and SHA-256. It
// stops reading where the archive should end.
func (a archive) copy(w io.Writer, r io.Reader) error {
	hash := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, hash), io.LimitReader(r, a.size+1))
	if err != nil {
		return fmt.Errorf("after %d of %d bytes: %w", n, a.size, err)
	}
	if n > a.size {
		return fmt.Errorf("more than the %d bytes of the published file", a.size)
	}
	if n < a.size {
		return fmt.Errorf("only %d of the %d bytes of the published file", n, a.size)
	}
	if sum := hex.EncodeToString(hash.Sum(nil)); sum != a.sha256 {
		return fmt.Errorf("not the published file: SHA-256 %s instead of %s", sum, a.sha256)
	}
	return nil
}
