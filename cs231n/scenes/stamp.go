package scenes

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
)

// stampName is the file that says what a folder holds. It is written last.
const stampName = "scenes.json"

// version counts the changes of this package that make other data from the same options.
const version = 1

// stamp is what [Ready] wants to find: the options, and how many bytes each file has.
type stamp struct {
	Version    int
	Train, Val int
	Seed       uint64
	Files      map[string]int64
}

// Ready reports whether dir holds the whole data set of these options: the files that
// Make listed are all there, in their sizes.
func Ready(dir string, o Options) bool {
	o, err := o.withDefaults()
	if err != nil {
		return false
	}
	data, err := os.ReadFile(filepath.Join(dir, stampName))
	if err != nil {
		return false
	}
	var found stamp
	if json.Unmarshal(data, &found) != nil {
		return false
	}
	for name, size := range found.Files {
		info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil || info.Size() != size {
			return false
		}
	}
	want := newStamp(o)
	want.Files = found.Files
	return len(found.Files) > o.Train+o.Val && reflect.DeepEqual(found, want)
}

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
