// Package submit packs a student's solution.
package submit

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cs231n-go/assignment3/cs231n/atomicfile"
	"github.com/cs231n-go/assignment3/cs231n/course"
	"github.com/cs231n-go/assignment3/cs231n/course/assess"
	"github.com/cs231n-go/assignment3/cs231n/course/source"
)

// Manifest lists the packed files with their SHA-256, in hexadecimal.
type Manifest struct {
	Files map[string]string `json:"files"`
}

// Pack writes the files of the exercises, the notebooks and a manifest into a zip file. Unless force is set, its error
// lists everything that is missing. The result is a sentence for the student.
func Pack(root, file string, force bool) (string, error) {
	s := solution{files: assess.Disk(root)}
	if err := s.gather(root); err != nil {
		return "", err
	}
	missing := s.missing()
	if missing != "" && !force {
		return "", fmt.Errorf("nothing was packed: %s; --force packs the solution as it is", missing)
	}
	files := s.files
	manifest := Manifest{Files: map[string]string{}}
	for path, text := range files {
		sum := sha256.Sum256(text)
		manifest.Files[path] = hex.EncodeToString(sum[:])
	}
	list, err := json.MarshalIndent(manifest, "", "  ")
	if err != nil {
		return "", err
	}
	files["manifest.json"] = append(list, '\n')
	err = atomicfile.Write(file, func(f *os.File) error { return write(f, files) })
	if err != nil {
		return "", err
	}
	done := fmt.Sprintf("%s has your %d files; submit it as your course asks", file, len(files)-1)
	if missing != "" {
		done += "; still missing: " + missing
	}
	return done, nil
}

// solution is a student's work.
type solution struct {
	files                         map[string][]byte
	faults                        []string // files that are missing or cannot be read
	blank, unanswered, unexecuted []string // exercises, questions, notebooks that were not executed
}

// missing lists the gaps of a solution that do not belong to a bonus. It is "" if there are none.
func (s *solution) missing() string {
	parts := s.faults
	list := func(what string, names []string) {
		if len(names) > 0 {
			parts = append(parts, what+": "+strings.Join(names, ", "))
		}
	}
	list("exercises that are not done", s.blank)
	list("questions without an answer", s.unanswered)
	list("notebooks to run and save", s.unexecuted)
	return strings.Join(parts, "; ")
}

// gather reads the files and looks for gaps.
func (s *solution) gather(root string) error {
	layout, err := assess.Open(root)
	if err != nil {
		return err
	}
	for _, path := range assess.Files() {
		text, ok := s.files[path]
		if !ok {
			s.faults = append(s.faults, unreadable(root, path))
			continue
		}
		s.exercises(layout, path, text)
	}
	for _, n := range course.Notebooks() {
		text, err := os.ReadFile(filepath.Join(root, n.Path))
		switch {
		case err == nil:
			s.files[n.Path] = text
			s.notebook(n, text)
		case !n.Bonus:
			s.faults = append(s.faults, unreadable(root, n.Path))
		}
	}
	return nil
}

// unreadable says why a file cannot be read.
func unreadable(root, path string) string {
	_, err := os.ReadFile(filepath.Join(root, path))
	switch pathErr, ok := errors.AsType[*fs.PathError](err); {
	case ok && !errors.Is(err, fs.ErrNotExist):
		return path + " cannot be read: " + pathErr.Err.Error()
	default:
		return path + " is missing"
	}
}

// exercises looks for exercises of a file that are not written or do not parse.
func (s *solution) exercises(layout *assess.Layout, path string, text []byte) {
	f, err := source.Parse(path, text)
	if err != nil {
		s.faults = append(s.faults, err.Error())
		return
	}
	for _, e := range course.Exercises() {
		if e.File != path || e.Bonus {
			continue
		}
		if err := f.Has(e, layout.Released(path)); err != nil {
			s.faults = append(s.faults, err.Error())
		} else if f.IsBlank(e) {
			s.blank = append(s.blank, e.ID)
		}
	}
}

// notebook looks for cells that were not run and questions without an answer.
func (s *solution) notebook(n course.Notebook, text []byte) {
	var content struct {
		Cells []struct {
			Type     string `json:"cell_type"`
			Count    *int   `json:"execution_count"`
			Source   any    `json:"source"`
			Metadata struct {
				Tags []string `json:"tags"`
			} `json:"metadata"`
		} `json:"cells"`
	}
	if err := json.Unmarshal(text, &content); err != nil || len(content.Cells) == 0 {
		s.faults = append(s.faults, n.Path+" is not a notebook")
		return
	}
	executed := n.Bonus
	for _, c := range content.Cells {
		executed = executed || c.Type == "code" && c.Count != nil
		for _, q := range course.Questions() {
			if slices.Contains(c.Metadata.Tags, q.ID) && !q.Bonus && empty(c.Source) {
				s.unanswered = append(s.unanswered, q.ID)
			}
		}
	}
	if !executed {
		s.unexecuted = append(s.unexecuted, n.Name)
	}
}

// empty reports whether a cell with an answer has nothing but the words that it was released with.
func empty(source any) bool {
	text := fmt.Sprint(source)
	if lines, ok := source.([]any); ok {
		text = ""
		for _, line := range lines {
			text += fmt.Sprint(line)
		}
	}
	return strings.TrimSpace(strings.ReplaceAll(text, "**Your answer:**", "")) == ""
}

// write writes an archive.
func write(f *os.File, files map[string][]byte) error {
	z := zip.NewWriter(f)
	for _, path := range slices.Sorted(maps.Keys(files)) {
		w, err := z.Create(path)
		if err != nil {
			return err
		}
		if _, err := w.Write(files[path]); err != nil {
			return err
		}
	}
	return z.Close()
}
