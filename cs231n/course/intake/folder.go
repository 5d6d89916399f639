package intake

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// readFolder reads the wanted files of a folder. It follows no links.
func (r *reader) readFolder(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	return fs.WalkDir(root.FS(), ".", func(file string, entry fs.DirEntry, err error) error {
		if file == "." {
			return err
		}
		if err != nil {
			r.problem("%s cannot be read: %v", shown(file), err)
			return nil
		}
		if junk(file) && entry.IsDir() {
			return fs.SkipDir
		}
		if isArchive(file) && entry.Type().IsRegular() {
			r.archives = append(r.archives, filepath.FromSlash(file))
		}
		name, ok := r.visit(file, entry.Type())
		switch {
		case !ok:
			return fs.SkipAll
		case name == "":
			return nil
		}
		if err := r.readFolderFile(root, name); err != nil {
			r.problem("%s cannot be read: %v", name, err)
		}
		return nil
	})
}

func (r *reader) readFolderFile(root *os.Root, name string) error {
	f, err := root.OpenFile(filepath.FromSlash(name), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	return r.take(name, f)
}

// isArchive reports whether a file's name is that of an archive, readable or not.
func isArchive(name string) bool {
	return slices.Contains([]string{".zip", ".tgz", ".gz", ".tar", ".rar", ".7z", ".xz", ".bz2"}, strings.ToLower(path.Ext(name)))
}
