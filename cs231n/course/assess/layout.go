// Package assess compiles the functions that a student wrote, evaluates them, and compares the results with the expected
// ones. One exercise that does not compile, panics or never ends does not affect the others.
package assess

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cs231n-go/assignment3/cs231n/course"
	"github.com/cs231n-go/assignment3/cs231n/course/source"
)

// Release is the folder of the student's edition with the files as they were released and the expected results of the
// visible cases.
const Release = ".release"

// Layout says where the files of the exercises are in a checkout.
type Layout struct {
	Root      string
	tags      string            // build tags of the student's edition
	actual    map[string]string // absolute path of the file that the compiler reads, by path in the student's edition
	blank     source.Files      // as released
	reference source.Files      // with solutions; empty in the student's edition
}

// Find returns the student's edition that the folder dir belongs to.
func Find(dir string) (string, error) {
	for root := dir; ; root = filepath.Dir(root) {
		if info, err := os.Stat(filepath.Join(root, Release)); err == nil && info.IsDir() {
			return root, nil
		}
		if root == filepath.Dir(root) {
			return "", fmt.Errorf("%s is not in a student's copy of the assignment: neither it nor a folder above it has a folder %s; "+
				"start the command in your copy, or make one with `cs231n student`", dir, Release)
		}
	}
}

// Open reads the files of a checkout: of the student's edition, or of the solved tree.
func Open(root string) (*Layout, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	l := &Layout{Root: root, actual: map[string]string{}, blank: source.Files{}, reference: source.Files{}}
	read := l.readStudent
	if _, err := os.Stat(filepath.Join(root, Release)); err != nil {
		l.tags, read = "plain", l.readSolved
	}
	for _, path := range Files() {
		if err := read(path); !l.Student() && errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("assess: %s is not a checkout of the assignment: start the command in the solved checkout (%w)", root, err)
		} else if err != nil {
			return nil, fmt.Errorf("assess: %w", err)
		}
	}
	return l, nil
}

// Files lists the files with exercises, as paths in the student's edition.
func Files() []string {
	var files []string
	seen := map[string]bool{}
	for _, e := range course.Exercises() {
		if !seen[e.File] {
			seen[e.File] = true
			files = append(files, e.File)
		}
	}
	return files
}

// Student reports whether the checkout is the student's edition.
func (l *Layout) Student() bool { return l.tags == "" }

func (l *Layout) readStudent(path string) (err error) {
	l.actual[path] = filepath.Join(l.Root, path)
	text, err := os.ReadFile(filepath.Join(l.Root, Release, path))
	if err != nil {
		return fmt.Errorf("%w: the released files are missing; get a new copy of the assignment and copy your files into it", err)
	}
	l.blank[path], err = source.Parse(path, text)
	return err
}

func (l *Layout) readSolved(path string) error {
	l.actual[path] = filepath.Join(l.Root, source.PlainName(path))
	text, err := os.ReadFile(l.actual[path])
	if err != nil {
		l.actual[path] = filepath.Join(l.Root, path)
		if text, err = os.ReadFile(l.actual[path]); err != nil {
			return err
		}
	}
	solved, _ := source.Edition(text)
	if l.reference[path], err = source.Parse(path, []byte(solved)); err != nil {
		return err
	}
	blank, err := source.Blank(path, []byte(solved))
	if err != nil {
		return err
	}
	l.blank[path], err = source.Parse(path, blank)
	return err
}

// Disk reads the files of the exercises in a checkout. A file that cannot be read is left out.
func Disk(root string) map[string][]byte {
	files := map[string][]byte{}
	for _, path := range Files() {
		if text, err := os.ReadFile(filepath.Join(root, path)); err == nil {
			files[path] = text
		}
	}
	return files
}

// Reference returns the solved files.
func (l *Layout) Reference() map[string][]byte { return texts(l.reference) }

// Blank returns the released files.
func (l *Layout) Blank() map[string][]byte { return texts(l.blank) }

func texts(files source.Files) map[string][]byte {
	out := map[string][]byte{}
	for path, f := range files {
		out[path] = f.Text()
	}
	return out
}

// Released returns a file as it was released.
func (l *Layout) Released(path string) *source.File { return l.blank[path] }
