package coco

import (
	"archive/zip"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// unpackDir holds the files of the archive until they are complete.
const unpackDir = "coco_captioning.unpack"

// badArchive is an error that is the fault of the archive.
type badArchive struct{ error }

func (b badArchive) Unwrap() error { return b.error }

// unpack extracts the known files of an archive to dir, from whatever folder of the archive they are in. It returns
// their names and sizes.
func (f Fetcher) unpack(ctx context.Context, archive *io.SectionReader, dir string) (map[string]int64, error) {
	listing, err := zip.NewReader(archive, archive.Size())
	if err != nil {
		return nil, badArchive{fmt.Errorf("the %d bytes are not a complete zip archive: %w; download it again", archive.Size(), err)}
	}
	entries, total, err := choose(listing.File)
	if err != nil {
		return nil, badArchive{fmt.Errorf("%w; this is not the course's archive", err)}
	}
	temporary := filepath.Join(dir, unpackDir)
	leftover := os.RemoveAll(temporary) // of a call that was killed
	if err := cmp.Or(leftover, os.Mkdir(temporary, 0o755)); err != nil {
		return nil, err
	}
	defer os.RemoveAll(temporary)
	sizes, progress := make(map[string]int64), &progressReader{nil, ctx, f.Progress, "unpacking", 0, total}
	for name, entry := range entries {
		if err := extract(progress, entry, filepath.Join(temporary, name)); err != nil {
			return nil, fmt.Errorf("unpack %s: %w", name, err)
		}
		sizes[name] = int64(entry.UncompressedSize64)
	}
	if _, err := Load(temporary, Options{}); err != nil {
		_, onDisk := errors.AsType[*fs.PathError](err)
		if _, unclear := errors.AsType[unclear](err); unclear || onDisk {
			return nil, err
		}
		return nil, badArchive{err}
	}
	return sizes, install(temporary, dir, sizes)
}

// choose finds the known files among the entries of an archive, by name, and their total size. It refuses entries that
// look like an attack.
func choose(entries []*zip.File) (chosen map[string]*zip.File, total int64, err error) {
	const maxEntries, maxBytes = 1000, 16 << 30 // far more than the course's archive has
	if len(entries) > maxEntries {
		return nil, 0, fmt.Errorf("it has %d entries, more than %d", len(entries), maxEntries)
	}
	known := append(files(), featuresFile("train", true), featuresFile("val", true))
	chosen = make(map[string]*zip.File)
	for _, entry := range entries {
		name := path.Base(entry.Name)
		switch {
		case !filepath.IsLocal(entry.Name) || strings.Contains(entry.Name, `\`):
			return nil, 0, fmt.Errorf("its entry %q would be outside the folder", entry.Name)
		case entry.Mode().IsDir():
			continue
		case !entry.Mode().IsRegular():
			return nil, 0, fmt.Errorf("its entry %q is a link or a device", entry.Name)
		case !slices.Contains(known, name):
			continue
		case chosen[name] != nil:
			return nil, 0, fmt.Errorf("it has %s twice", name)
		case entry.UncompressedSize64 > uint64(maxBytes-total):
			return nil, 0, fmt.Errorf("its files take more than %d bytes", maxBytes)
		}
		total += int64(entry.UncompressedSize64)
		chosen[name] = entry
	}
	for _, name := range files() {
		if chosen[name] == nil {
			return nil, 0, fmt.Errorf("it lacks %s", name)
		}
	}
	return chosen, total, nil
}

// extract writes one entry to a new file. Package zip checks the size that the archive announces.
func extract(r *progressReader, entry *zip.File, to string) (err error) {
	in, err := entry.Open()
	if err != nil {
		return damagedArchive(err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, out.Close()) }()
	r.Reader = in
	_, err = io.Copy(out, r)
	if _, onDisk := errors.AsType[*fs.PathError](err); err != nil && !onDisk && r.ctx.Err() == nil {
		return damagedArchive(err)
	}
	return cmp.Or(err, out.Sync())
}

func damagedArchive(err error) error {
	return badArchive{fmt.Errorf("%w; the archive is damaged, download it again", err)}
}

// progressReader reports how far it has read, and stops when ctx ends.
type progressReader struct {
	io.Reader
	ctx         context.Context
	progress    Progress
	phase       string
	done, total int64
}

func (r *progressReader) Read(b []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	n, err := r.Reader.Read(b)
	r.done += int64(n)
	r.progress(r.phase, r.done, r.total)
	return n, err
}

// install moves files from one folder to another. It removes the old captions first and moves the new ones last, so that
// an incomplete folder lacks them.
func install(from, to string, names map[string]int64) error {
	err := os.Remove(filepath.Join(to, captionsFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// Of the sorted names, that of the captions is the first.
	for _, name := range slices.Backward(slices.Sorted(maps.Keys(names))) {
		if err := os.Rename(filepath.Join(from, name), filepath.Join(to, name)); err != nil {
			return err
		}
	}
	return nil
}
