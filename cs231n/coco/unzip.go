package coco

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// unpackDir holds files of the archive until all are there.
const unpackDir = "coco_captioning.unpack"

// maxEntries is far more than the course's archive has.
const maxEntries = 1000

// unpack takes the known files out of an archive of size bytes and puts them into dir, whatever folder of the
// archive they are in. They may take limit bytes together. It returns their names and sizes. An error that is
// the archive's fault is [final].
func unpack(ctx context.Context, archive io.ReaderAt, size int64, dir string, limit int64) (map[string]int64, error) {
	listing, err := zip.NewReader(archive, size)
	if err != nil {
		return nil, final{fmt.Errorf("%d bytes came that are no whole zip archive: %w; get it again", size, err)}
	}
	entries, err := choose(listing.File, limit)
	if err != nil {
		return nil, final{fmt.Errorf("%w; this is not the course's archive", err)}
	}
	temporary := filepath.Join(dir, unpackDir)
	if err := os.RemoveAll(temporary); err != nil { // of a call that was killed
		return nil, err
	}
	if err := os.Mkdir(temporary, 0o755); err != nil {
		return nil, err
	}
	defer os.RemoveAll(temporary)
	sizes := make(map[string]int64)
	for name, entry := range entries {
		if sizes[name], err = extract(ctx, entry, filepath.Join(temporary, name)); err != nil {
			return nil, fmt.Errorf("unpack %s: %w", name, err)
		}
	}
	var untried []string
	for name := range entries {
		if path.Ext(name) == ".h5" {
			untried = append(untried, filepath.Join(temporary, name))
		}
	}
	err = trial(untried...)
	if err == nil {
		err = checkHeaders(temporary)
	}
	if err != nil {
		return nil, final{fmt.Errorf("the files do not fit together: %w", err)}
	}
	return sizes, install(temporary, dir, sizes)
}

// choose finds the known files among the entries of an archive, by name. It refuses archives that no one made
// in good faith.
func choose(entries []*zip.File, limit int64) (map[string]*zip.File, error) {
	if len(entries) > maxEntries {
		return nil, fmt.Errorf("it has %d entries, more than %d", len(entries), maxEntries)
	}
	known := append(files(), featuresFile("train", true), featuresFile("val", true))
	chosen := make(map[string]*zip.File)
	left := uint64(limit)
	for _, entry := range entries {
		if !filepath.IsLocal(entry.Name) || strings.Contains(entry.Name, `\`) {
			return nil, fmt.Errorf("its entry %q would lie outside the folder", entry.Name)
		}
		if entry.Mode().IsDir() {
			continue
		}
		if !entry.Mode().IsRegular() {
			return nil, fmt.Errorf("its entry %q is a link or a device", entry.Name)
		}
		name := path.Base(entry.Name)
		if !slices.Contains(known, name) {
			continue
		}
		if chosen[name] != nil {
			return nil, fmt.Errorf("it has %s twice", name)
		}
		if entry.UncompressedSize64 > left {
			return nil, fmt.Errorf("its files take more than the %d bytes of MaxUnpacked", limit)
		}
		left -= entry.UncompressedSize64
		chosen[name] = entry
	}
	for _, name := range files() {
		if chosen[name] == nil {
			return nil, fmt.Errorf("it lacks %s", name)
		}
	}
	return chosen, nil
}

// extract writes one entry to a new file and returns its size, which package zip holds to what the entry says.
func extract(ctx context.Context, entry *zip.File, to string) (n int64, err error) {
	in, err := entry.Open()
	if err != nil {
		return 0, final{fmt.Errorf("%w; the archive is damaged, get it again", err)}
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	n, err = io.Copy(out, contextReader{ctx, in})
	if _, onDisk := errors.AsType[*fs.PathError](err); onDisk || ctx.Err() != nil {
		return 0, err
	}
	if err != nil {
		return 0, final{fmt.Errorf("%w; the archive is damaged, get it again", err)}
	}
	return n, out.Sync()
}

// checkHeaders looks whether the files in a folder are what they should be, without reading all of them.
func checkHeaders(dir string) error {
	if _, err := loadVocab(filepath.Join(dir, vocabFile)); err != nil {
		return err
	}
	for _, split := range []string{"train", "val"} {
		urls, err := loadURLs(filepath.Join(dir, urlsFile(split)))
		if err != nil {
			return err
		}
		for _, full := range []bool{false, true} {
			name := filepath.Join(dir, featuresFile(split, full))
			if _, err := os.Stat(name); full && errors.Is(err, fs.ErrNotExist) {
				continue
			}
			err := openHDF5(name, func(r *reader) error { return r.checkRows("features", 2, len(urls)) })
			if err != nil {
				return err
			}
		}
	}
	return openHDF5(filepath.Join(dir, captionsFile), func(r *reader) error {
		for _, split := range []string{"train", "val"} {
			rows, err := r.rows(split+"_captions", 2)
			if err != nil {
				return err
			}
			if err := r.checkRows(split+"_image_idxs", 1, rows); err != nil {
				return err
			}
		}
		return nil
	})
}

// rows is the length of a data set's first axis.
func (r *reader) rows(name string, rank int) (int, error) {
	set, dims, err := r.dataset(name, rank)
	if err != nil {
		return 0, err
	}
	return dims[0], set.Close()
}

// checkRows compares the length of a data set's first axis with what it should be.
func (r *reader) checkRows(name string, rank, want int) error {
	got, err := r.rows(name, rank)
	if err == nil && got != want {
		err = r.errorf(name, "has %d rows instead of %d", got, want)
	}
	return err
}

// install moves files from one folder to another. The captions go first and come last: a folder that was not
// finished lacks them.
func install(from, to string, names map[string]int64) error {
	err := os.Remove(filepath.Join(to, captionsFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for name := range names {
		if name == captionsFile {
			continue
		}
		if err := os.Rename(filepath.Join(from, name), filepath.Join(to, name)); err != nil {
			return err
		}
	}
	return os.Rename(filepath.Join(from, captionsFile), filepath.Join(to, captionsFile))
}
