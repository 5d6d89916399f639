// Package intake reads what students hand in: a folder, a zip or a tar.gz archive of a submission, and folders of many
// submissions. It trusts nothing in them: it returns the bytes of the expected files and never writes to disk.
package intake

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Limits bound what [Open] reads. A zero field means the value of [DefaultLimits].
type Limits struct {
	Entries int   // files and folders in a submission
	File    int64 // bytes of one wanted file
	Total   int64 // bytes of all wanted files; a tar.gz may unpack to ten times as many, which Open skips
}

// DefaultLimits returns limits far above an honest submission's size.
func DefaultLimits() Limits { return Limits{Entries: 20000, File: 16 << 20, Total: 64 << 20} }

func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	return Limits{cmp.Or(l.Entries, d.Entries), cmp.Or(l.File, d.File), cmp.Or(l.Total, d.Total)}
}

// Submission is the usable part of a submission.
type Submission struct {
	// Files maps the wanted names, with slashes, to their contents.
	Files map[string][]byte

	// Problems has one line for each defect: a missing or unusable file, a broken archive, an entry that looks like an
	// attack. It is empty if everything is fine.
	Problems []string
}

// Open reads one submission: a folder, a .zip, a .tar.gz or a .tar. It recognizes archives by their first bytes, not by
// their names. If a folder has none of the wanted files but a single archive, Open reads that.
//
// want lists names of files relative to the project's root, with slashes, such as "cs231n/rnn/step.go". The last element
// may be a pattern of [path.Match], such as "notebooks/*.ipynb". A name without a pattern is required unless it starts
// with "?", as in "?manifest.json". The project's root may be in any folder of the submission; of several copies Open
// takes the one with the most wanted files.
//
// Notebooks must be JSON of nbformat 4, other .json files JSON, and all files UTF-8. Open returns an error only if it
// cannot read path itself. It reports all other problems in the submission.
func Open(path string, want []string, limits Limits) (Submission, error) {
	r := &reader{
		limits: limits.orDefault(), want: parseWanted(want), name: filepath.Base(path), root: path,
		found: make(map[string][]byte),
	}
	info, err := os.Stat(path)
	if err != nil {
		return Submission{}, err
	}
	if !info.IsDir() {
		err = r.readFile(path)
	} else if err = r.readFolder(path); err == nil && len(r.found) == 0 && len(r.archives) == 1 {
		r.name = filepath.ToSlash(r.archives[0])
		r.seen, r.entries = nil, 0
		err = r.readFile(filepath.Join(path, r.archives[0]))
	}
	if err != nil {
		return Submission{}, err
	}
	return r.submission(), nil
}

// readFile reads an archive.
func (r *reader) readFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is neither a folder nor an archive", path)
	}
	start := make([]byte, 512)
	n, err := io.ReadFull(f, start)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	switch kind(start[:n]) {
	case "zip":
		r.readZip(f, info.Size())
	case "gzip":
		r.readGzip(f)
	case "tar":
		r.readTar(f)
	case "":
		r.problem("%s is not a zip or tar.gz archive: hand in a zip file", r.name)
	default:
		r.problem("%s is a %s archive, which cannot be read: hand in a zip file", r.name, kind(start[:n]))
	}
	return nil
}

// kind recognizes an archive by its first bytes.
func kind(start []byte) string {
	for magic, kind := range map[string]string{
		"PK\x03\x04": "zip", "PK\x05\x06": "zip", "\x1f\x8b": "gzip",
		"Rar!\x1a\x07": "RAR", "7z\xbc\xaf\x27\x1c": "7z", "\xfd7zXZ\x00": "xz", "BZh": "bzip2", "\x28\xb5\x2f\xfd": "zstd",
	} {
		if bytes.HasPrefix(start, []byte(magic)) {
			return kind
		}
	}
	if len(start) >= 262 && string(start[257:262]) == "ustar" {
		return "tar"
	}
	return ""
}
