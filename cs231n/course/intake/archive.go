package intake

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// readZip reads the wanted files of a zip archive. It can read each file even if others are broken.
func (r *reader) readZip(f io.ReaderAt, size int64) {
	archive, err := zip.NewReader(f, size)
	if err != nil {
		r.problem("%s is broken, perhaps since only a part of it was uploaded: %v", r.name, err)
		return
	}
	wanted, broken := 0, ""
	for _, entry := range archive.File {
		name, ok := r.visit(entry.Name, entry.Mode())
		if !ok {
			return
		}
		if name == "" {
			continue
		}
		wanted++
		if entry.Flags&1 != 0 {
			r.problem("%s in %s is encrypted", name, r.name)
			continue
		}
		if err := r.readZipEntry(name, entry); err != nil {
			broken = fmt.Sprintf("%s: %v", name, err)
		}
	}
	if broken != "" {
		r.problem("%s is broken at %s: only %d of its %d expected files could be read", r.name, broken, len(r.found), wanted)
	}
}

func (r *reader) readZipEntry(name string, entry *zip.File) error {
	in, err := entry.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	return r.take(name, in)
}

// readGzip reads a compressed tar archive.
func (r *reader) readGzip(f io.Reader) {
	in, err := gzip.NewReader(f)
	if err != nil {
		r.problem("%s is broken: %v", r.name, err)
		return
	}
	// One byte more than the limit tells an archive that reaches it from one that ends there.
	limited := &io.LimitedReader{R: in, N: 10*r.limits.Total + 1}
	defer func() {
		if limited.N == 0 {
			r.problem("%s unpacks to more than %d bytes: the rest of it is ignored", r.name, 10*r.limits.Total)
		}
	}()
	r.readTar(limited)
}

// readTar reads the wanted files of a tar archive, until its end or a defect.
func (r *reader) readTar(f io.Reader) {
	archive := tar.NewReader(f)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			r.problem("%s is broken after %d entries, perhaps since only a part of it was uploaded: %v", r.name, r.entries, err)
			return
		}
		mode := header.FileInfo().Mode()
		if header.Typeflag == tar.TypeLink {
			mode |= fs.ModeSymlink // package tar calls a hard link a regular file
		}
		name, ok := r.visit(header.Name, mode)
		if !ok {
			return
		}
		if name == "" {
			continue
		}
		if err := r.take(name, archive); err != nil {
			r.problem("%s is broken at %s: %v", r.name, name, err)
			return
		}
	}
}
