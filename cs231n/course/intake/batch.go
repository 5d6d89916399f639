package intake

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"
)

// Entry is one of many submissions.
type Entry struct {
	// Name is the student's name or number, as far as the file's name tells. It is unique in the batch, also without
	// regard to case, and a safe name of a folder.
	Name string

	Path string // for [Open]; "" if this is no submission, see Note
	Note string // one line, for a name that occurs twice or a file that is no submission; usually empty
}

// Batch lists the submissions of a folder, sorted by the names of their files: each subfolder and each archive is one.
// It understands the names that Moodle, Canvas and nbgrader write. Of two students with the same name the second becomes
// name-2. Batch skips hidden files.
func Batch(dir string) ([]Entry, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var all []Entry
	taken := make(map[string]bool)
	for _, file := range files {
		name := file.Name()
		if strings.HasPrefix(name, ".") || junk(name) {
			continue
		}
		if why := skip(name, file.Type()); why != "" {
			all = append(all, Entry{Note: fmt.Sprintf("%s is skipped: %s", shown(name), why)})
			continue
		}
		e := Entry{Name: Student(name, file.IsDir()), Path: filepath.Join(dir, name)}
		for first, n := e.Name, 2; taken[strings.ToLower(e.Name)]; n++ {
			e.Name = fmt.Sprintf("%s-%d", first, n)
			e.Note = fmt.Sprintf("%s is another submission of the name %s: here it is %s", shown(name), first, e.Name)
		}
		taken[strings.ToLower(e.Name)] = true
		all = append(all, e)
	}
	return all, nil
}

// skip says why a file is no submission.
func skip(name string, mode fs.FileMode) string {
	switch {
	case mode&fs.ModeSymlink != 0:
		return "it is a link"
	case !mode.IsDir() && (!mode.IsRegular() || !isArchive(name)):
		return "it is neither a folder nor an archive"
	case strings.Contains(name, "_assignsubmission_onlinetext"):
		return "it is Moodle's online text"
	}
	return ""
}

// Student finds the student's name in the name of a submission, and makes it a safe name of a folder.
func Student(name string, isDir bool) string {
	if !isDir {
		for isArchive(name) { // .tar.gz has two
			name = strings.TrimSuffix(name, filepath.Ext(name))
		}
	}
	for _, pattern := range []string{
		`^(.+?)_\d+_assignsubmission_file`, // Moodle: "Ada Lovelace_123_assignsubmission_file_name.zip"
		`^([^_]+)(?:_LATE)?_\d+_\d+_.`,     // Canvas: "lovelaceada_LATE_123_456_name.zip"
	} {
		if m := regexp.MustCompile(pattern).FindStringSubmatch(name); m != nil {
			name = m[1]
			break
		}
	}
	return safe(name)
}

// safe turns a name into one that any file system and any shell takes.
func safe(name string) string {
	name = strings.Map(func(c rune) rune {
		if unicode.IsLetter(c) && c != unicode.ReplacementChar || unicode.IsMark(c) || unicode.IsDigit(c) || strings.ContainsRune("_.-", c) {
			return c
		}
		return '-'
	}, name)
	const most = 100 // bytes
	for i := range name {
		if i > most {
			name = name[:i]
			break
		}
	}
	if name = strings.Trim(name, ".-"); name == "" {
		return "submission"
	}
	return name
}
