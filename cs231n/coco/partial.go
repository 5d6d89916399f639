package coco

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cs231n-go/assignment3/cs231n/atomicfile"
	"github.com/cs231n-go/assignment3/cs231n/lock"
)

// What a download leaves in the folder.
const (
	partFile = "coco_captioning.zip.part" // the archive as far as it has come
	noteFile = "coco_captioning.json"     // what it is, and later what came out of it
)

// note remembers a download between calls.
type note struct {
	URL       string           `json:"url"`
	Validator string           `json:"validator,omitempty"` // for If-Range: names the server's version of the archive
	Total     int64            `json:"total,omitempty"`     // its bytes, 0 if unknown
	SHA256    string           `json:"sha256,omitempty"`
	Files     map[string]int64 `json:"files,omitempty"` // what was unpacked, with sizes
}

// loadNote reads the note in a folder. A note that is not there or damaged is empty: the download starts anew.
func loadNote(dir string) (n note, err error) {
	data, err := os.ReadFile(filepath.Join(dir, noteFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return note{}, err
	}
	if json.Unmarshal(data, &n) != nil {
		return note{}, nil
	}
	return n, nil
}

func (n note) save(dir string) error {
	data, err := json.MarshalIndent(n, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.WriteBytes(filepath.Join(dir, noteFile), append(data, '\n'))
}

// unpacked reports whether the files that the note names are in the folder, and all that are needed.
func (n note) unpacked(dir string) bool {
	for name, size := range n.Files {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Size() != size {
			return false
		}
	}
	return n.SHA256 != "" && Present(dir)
}

func (n note) fetched() Fetched {
	return Fetched{Bytes: n.Total, SHA256: n.SHA256, Files: slices.Sorted(maps.Keys(n.Files))}
}

// refuseForeign is an error if a folder holds files of a data set that no download put there.
func refuseForeign(dir string) error {
	n, err := loadNote(dir)
	if err != nil || n.URL != "" {
		return err
	}
	for _, name := range files() {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.Mode().IsRegular() {
			return fmt.Errorf("%s holds a data set that was not downloaded (%s); name another folder, or ask to replace it", dir, name)
		}
	}
	return nil
}

// partial is an archive that is not complete yet.
type partial struct {
	file *os.File
	size int64 // what is there and counts
	note note
	dir  string
}

// openPartial opens what an earlier call left of a download, or begins one. It keeps other calls out.
func openPartial(dir, address string) (p *partial, err error) {
	file, err := os.OpenFile(filepath.Join(dir, partFile), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = file.Close()
		}
	}()
	if err := lock.File(file); err != nil {
		return nil, fmt.Errorf("%s is locked: another call is at work on it, wait for that", file.Name())
	}
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	n, err := loadNote(dir)
	if err != nil {
		return nil, err
	}
	p = &partial{file: file, size: info.Size(), note: n, dir: dir}
	if n.URL != address {
		p.size, p.note = 0, note{URL: address}
	}
	if n.Validator == "" && !p.complete() {
		p.size = 0 // nothing says that the rest would belong to it
	}
	return p, nil
}

func (p *partial) complete() bool { return p.note.Total > 0 && p.size == p.note.Total }

// kept says what a failed call leaves.
func (p *partial) kept() string {
	if p.size == 0 || p.note.Validator == "" {
		return "try again later"
	}
	return fmt.Sprintf("the %d bytes that came are kept, the same call goes on behind them", p.size)
}

// begin empties the file for an archive of a total size, 0 if that is unknown.
func (p *partial) begin(validator string, total int64) error {
	if err := p.restart(); err != nil {
		return err
	}
	p.note = note{URL: p.note.URL, Validator: validator, Total: total}
	if err := p.note.save(p.dir); err != nil {
		return final{err}
	}
	return nil
}

// restart gives up what is there.
func (p *partial) restart() error {
	if err := p.file.Truncate(0); err != nil {
		return final{err}
	}
	p.size = 0
	return nil
}

// resume reports whether an answer is the missing rest of the same version of the archive.
func (p *partial) resume(header http.Header) bool {
	var from, to, total int64
	if n, _ := fmt.Sscanf(header.Get("Content-Range"), "bytes %d-%d/%d", &from, &to, &total); n < 3 {
		return false
	}
	if p.note.Total == 0 {
		p.note.Total = total
	}
	version := validator(header) // may be left out, as the request named it
	return from == p.size && total == p.note.Total && (version == "" || version == p.note.Validator)
}

// Write adds to what is there.
func (p *partial) Write(b []byte) (int, error) {
	n, err := p.file.WriteAt(b, p.size)
	p.size += int64(n)
	if err != nil {
		return n, final{fmt.Errorf("%w; make room on the disk, the same call goes on from here", err)}
	}
	return n, nil
}

// end checks the size where an answer ended.
func (p *partial) end() error {
	total := p.note.Total
	switch {
	case total == 0: // the server did not say, so this was all
		p.note.Total = p.size
		if err := p.note.save(p.dir); err != nil {
			return final{err}
		}
	case p.size < total:
		return fmt.Errorf("the answer ended at byte %d of %d", p.size, total)
	case p.size > total:
		came := p.size
		return cmp.Or(p.restart(), fmt.Errorf("%d bytes came for an archive of %d", came, total))
	}
	return nil
}

// close unlocks and closes the file.
func (p *partial) close() {
	lock.Unlock(p.file)
	_ = p.file.Close() // its content is checked when it is read
}

// remove deletes the file.
func (p *partial) remove() error { return os.Remove(p.file.Name()) }

// discard deletes the file and the note, unless that is about an archive that was unpacked earlier. Beside a data set
// the address stays, from which the next call knows that it may be replaced.
func (p *partial) discard() error {
	n, err := loadNote(p.dir)
	if err != nil {
		return err
	}
	switch {
	case n.URL == "" || n.SHA256 != "":
	case Present(p.dir):
		err = note{URL: n.URL}.save(p.dir)
	default:
		err = os.Remove(filepath.Join(p.dir, noteFile))
	}
	if err != nil {
		return err
	}
	return p.remove()
}

// validator is what names a version of a file for If-Range: its ETag, unless that is a weak one, which different
// bytes may share, or else its date.
func validator(header http.Header) string {
	if tag := header.Get("ETag"); tag != "" && !strings.HasPrefix(tag, "W/") {
		return tag
	}
	return header.Get("Last-Modified")
}
