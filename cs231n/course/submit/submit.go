// Package submit packs a student's solution.
package submit

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
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
	files, missing := gather(root)
	if len(missing) > 0 && !force {
		return "", fmt.Errorf("nothing was packed: %s (--force packs what there is)", strings.Join(missing, "; "))
	}
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
	return fmt.Sprintf("%s has %d files; hand it in as your course says", file, len(files)), nil
}

// gather reads the files, and lists what is missing.
func gather(root string) (files map[string][]byte, missing []string) {
	files = assess.Disk(root)
	layout, err := assess.Open(root)
	if err != nil {
		return files, []string{err.Error()}
	}
	for _, path := range assess.Files() {
		text, ok := files[path]
		if !ok {
			missing = append(missing, path+" is missing")
			continue
		}
		missing = append(missing, gaps(layout, path, text)...)
	}
	for _, path := range notebooks() {
		text, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			missing = append(missing, path+" is missing")
			continue
		}
		files[path] = text
		if line := unfinished(path, text); line != "" {
			missing = append(missing, line)
		}
	}
	return files, missing
}

// gaps lists the exercises of a file that are not written or do not parse.
func gaps(layout *assess.Layout, path string, text []byte) []string {
	f, err := source.Parse(path, text)
	if err != nil {
		return []string{err.Error()}
	}
	var lines []string
	for _, e := range course.Exercises() {
		if e.File == path && !e.Bonus {
			if err := f.Has(e, layout.Released(path)); err != nil {
				lines = append(lines, err.Error())
			} else if f.IsBlank(e) {
				lines = append(lines, fmt.Sprintf("exercise %s in %s is not done", e.ID, path))
			}
		}
	}
	return lines
}

// notebooks lists the notebooks without those that are a bonus.
func notebooks() []string {
	var list []string
	for _, q := range course.Questions() {
		if path := "notebooks/" + q.Notebook + ".ipynb"; !q.Bonus && (len(list) == 0 || list[len(list)-1] != path) {
			list = append(list, path)
		}
	}
	return list
}

// unfinished says what a notebook lacks: outputs, or answers.
func unfinished(path string, text []byte) string {
	var notebook struct {
		Cells []struct {
			Type     string `json:"cell_type"`
			Count    *int   `json:"execution_count"`
			Source   any    `json:"source"`
			Metadata struct {
				Tags []string `json:"tags"`
			} `json:"metadata"`
		} `json:"cells"`
	}
	if err := json.Unmarshal(text, &notebook); err != nil || len(notebook.Cells) == 0 {
		return path + " is not a notebook"
	}
	executed := false
	var errs []error
	for _, c := range notebook.Cells {
		executed = executed || c.Type == "code" && c.Count != nil
		for _, q := range course.Questions() {
			if len(c.Metadata.Tags) > 0 && c.Metadata.Tags[0] == q.ID && !q.Bonus && empty(c.Source) {
				errs = append(errs, fmt.Errorf("%s has no answer to %s (%s)", path, q.ID, q.Title))
			}
		}
	}
	if !executed {
		errs = append(errs, fmt.Errorf("%s was not executed: run all of its cells and save it", path))
	}
	if err := errors.Join(errs...); err != nil {
		return strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	return ""
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
