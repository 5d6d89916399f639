package coco

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cs231n-go/assignment3/cs231n/atomicfile"
	"github.com/cs231n-go/assignment3/cs231n/fetch"
)

// The files of a download in its folder.
const (
	partFile = "coco_captioning.zip.part" // the archive, as far as it was downloaded
	noteFile = "coco_captioning.json"     // a note about it, and later about the unpacked files
)

// note remembers a download between calls.
type note struct {
	URL string `json:"url"`
	fetch.Version
	SHA256 string           `json:"sha256,omitempty"`
	Files  map[string]int64 `json:"files,omitempty"` // sizes of the unpacked files
}

// loadNote reads the note in a folder. A note that is missing or damaged is empty: the download starts over.
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

// unpacked reports whether the folder holds the files of the note, and all files that [Load] needs.
func (n note) unpacked(dir string) bool {
	for name, size := range n.Files {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Size() != size {
			return false
		}
	}
	return n.SHA256 != "" && Present(dir)
}

// refuseForeign returns an error if a folder holds files of a data set that was not downloaded.
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

// discard deletes the archive in dir, and the note about it unless there is a data set, which the note allows the next
// call to replace.
func discard(dir string) error {
	err := os.Remove(filepath.Join(dir, partFile))
	if err == nil && !Present(dir) {
		err = os.Remove(filepath.Join(dir, noteFile))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
