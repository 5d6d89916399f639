package coco

import (
	"encoding/json"
	"errors"
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

// discard deletes the archive in dir, and the note about it unless there is a data set, which the note allows the next
// call to replace.
func discard(dir string) error {
	err := os.RemoveAll(filepath.Join(dir, partFile)) // unlike Remove, no error if there is none
	if err == nil && !Present(dir) {
		err = os.RemoveAll(filepath.Join(dir, noteFile))
	}
	return err
}
