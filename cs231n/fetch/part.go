package fetch

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Part is a file that a [Download] fills. It may hold the first bytes of the file, from an earlier call.
type Part struct {
	Content              // the bytes
	Version              // the version of the file that they belong to
	Size    int64        // their number
	Save    func() error // stores Version for a later call; nil if there is none
}

// Content is where the bytes of a [Part] go, such as an [os.File].
type Content interface {
	io.WriterAt
	Truncate(size int64) error
}

// Version tells a file on a server from the one that was at the same address before.
type Version struct {
	Validator string `json:"validator,omitempty"` // an ETag or a date, for the header If-Range
	Total     int64  `json:"total,omitempty"`     // size in bytes, 0 if unknown
}

func (p *Part) complete() bool { return p.Total > 0 && p.Size == p.Total }

// resumable reports whether a server can tell if the bytes still belong to its file.
func (p *Part) resumable() bool { return p.Size > 0 && p.Validator != "" }

// advice says that a later call can resume, or else what the caller says.
func (p *Part) advice(otherwise string) string {
	if p.Save == nil || !p.resumable() {
		return otherwise
	}
	return fmt.Sprintf("the %d bytes that arrived are kept, run it again to get the rest", p.Size)
}

// restart drops the bytes that have arrived, and expects those of version v.
func (p *Part) restart(v Version) error {
	p.Size, p.Version = 0, v
	return cmp.Or(notWritten(p.Truncate(0)), p.save())
}

func (p *Part) save() error {
	if p.Save == nil {
		return nil
	}
	return notWritten(p.Save())
}

// continues reports whether an answer is the missing rest of the same version of the file.
func (p *Part) continues(header http.Header) bool {
	var from, to, total int64
	if n, _ := fmt.Sscanf(header.Get("Content-Range"), "bytes %d-%d/%d", &from, &to, &total); n < 3 {
		return false
	}
	p.Total = cmp.Or(p.Total, total)
	version := validator(header) // optional, since the request named it
	return p.resumable() && from == p.Size && total == p.Total && (version == "" || version == p.Validator)
}

// write appends to p.
func (p *Part) write(b []byte) error {
	n, err := p.WriteAt(b, p.Size)
	p.Size += int64(n)
	return notWritten(err)
}

// end checks the size at the end of an answer.
func (p *Part) end() error {
	if p.Total == 0 { // the server did not announce it
		p.Total = p.Size
		return p.save()
	}
	if p.complete() {
		return nil
	}
	err := fmt.Errorf("after %d of %d bytes: %w", p.Size, p.Total, io.ErrUnexpectedEOF)
	if p.Size > p.Total {
		return cmp.Or(p.restart(Version{}), err)
	}
	return err
}

// validator is the ETag, or else the date, of a file. A weak ETag does not count: files with different bytes may share
// it.
func validator(header http.Header) string {
	if tag := header.Get("ETag"); tag != "" && !strings.HasPrefix(tag, "W/") {
		return tag
	}
	return header.Get("Last-Modified")
}

// memory is a [Content] in memory.
type memory []byte

func (m *memory) WriteAt(b []byte, at int64) (int, error) {
	*m = append((*m)[:at], b...)
	return len(b), nil
}

func (m *memory) Truncate(size int64) error {
	*m = (*m)[:size]
	return nil
}
