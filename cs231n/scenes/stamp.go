package scenes

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// stampName is the file that describes a complete data set. It is written last.
const stampName = "scenes.json"

// imagesDir is the folder of the pictures in a data set.
const imagesDir = "images"

// version is increased when this package changes so that the same options make another data set.
const version = 1

// stamp holds the options of a data set, and the size of each file.
type stamp struct {
	Version    int
	Train, Val int
	Seed       uint64
	Files      map[string]int64
}

// Ready reports whether dir holds the data set of these options. It is cheap enough for every cell of a notebook: it
// checks the files that package coco reads, and no pictures. [Make] checks the pictures as well.
func Ready(dir string, o Options) bool {
	o, err := o.withDefaults()
	if err != nil {
		return false
	}
	s, ok := readStamp(dir, o)
	return ok && s.check(dir, func(name string) bool { return !isPicture(name) }) == nil
}

// readStamp reports whether dir holds the stamp of these options, and returns it.
func readStamp(dir string, o Options) (s stamp, ok bool) {
	data, err := os.ReadFile(filepath.Join(dir, stampName))
	if err != nil || json.Unmarshal(data, &s) != nil {
		return stamp{}, false
	}
	want := newStamp(o)
	same := s.Version == want.Version && s.Train == want.Train && s.Val == want.Val && s.Seed == want.Seed
	return s, same && len(s.Files) > o.Train+o.Val
}

// check compares the sizes of the chosen files.
func (s stamp) check(dir string, choose func(name string) bool) error {
	for name, size := range s.Files {
		if !choose(name) {
			continue
		}
		info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		if info.Size() != size {
			return fmt.Errorf("%s has %d bytes instead of %d", name, info.Size(), size)
		}
	}
	return nil
}

func isPicture(name string) bool { return strings.HasPrefix(name, imagesDir+"/") }

func newStamp(o Options) stamp {
	return stamp{Version: version, Train: o.Train, Val: o.Val, Seed: o.Seed, Files: map[string]int64{}}
}

func writeStamp(dir string, o Options) error {
	s := newStamp(o)
	root := os.DirFS(dir)
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		s.Files[name] = info.Size()
		return nil
	})
	if err != nil {
		return err
	}
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, stampName), data, 0o644)
}
