package intake

import (
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// reader collects the wanted files of one submission.
type reader struct {
	limits     Limits
	want       []wanted
	name, root string            // the archive's or the folder's name for messages, and its path
	found      map[string][]byte // wanted files of all copies of the project, by their full names
	archives   []string          // in a folder
	seen       []string          // some names of other files, for messages
	problems   []string
	entries    int
	total      int64
}

const (
	maxProblems = 50  // lines; a hostile archive could cause millions
	maxSeen     = 200 // names
)

func (r *reader) problem(format string, args ...any) {
	if len(r.problems) == maxProblems {
		r.problems = append(r.problems, "there are more problems")
	}
	if len(r.problems) < maxProblems {
		r.problems = append(r.problems, fmt.Sprintf(format, args...))
	}
}

// visit checks one entry. It returns the clean name of a wanted file, "" for any other entry, and false if the
// submission has too many entries.
func (r *reader) visit(name string, mode fs.FileMode) (clean string, ok bool) {
	if r.entries++; r.entries > r.limits.Entries {
		r.problem("%s has more than %d files and folders: the rest is ignored; hand in your own files only", r.name, r.limits.Entries)
		return "", false
	}
	slashes := strings.ReplaceAll(name, `\`, "/") // as some archivers on Windows write
	clean = path.Clean(slashes)
	switch {
	case !filepath.IsLocal(filepath.FromSlash(slashes)) || drive(slashes):
		r.problem("the entry %q of %s is ignored: its name is a path outside of the submission", cut(name), r.name)
		return "", true
	case strings.ContainsFunc(name, unicode.IsControl):
		r.problem("the entry %q of %s is ignored: its name has control characters", cut(name), r.name)
		return "", true
	case mode.IsDir() || junk(clean):
		return "", true
	case r.match(clean) == nil:
		if len(r.seen) < maxSeen {
			r.seen = append(r.seen, clean)
		}
		return "", true
	case !mode.IsRegular():
		r.problem("%s is ignored: it is a link or a device, not a file", shown(clean))
		return "", true
	}
	return clean, true
}

// drive reports whether a name starts with a drive's letter.
func drive(name string) bool {
	return len(name) > 1 && name[1] == ':' && (name[0]|0x20 >= 'a' && name[0]|0x20 <= 'z')
}

// take reads a wanted file. Its error is a defect of the archive or the disk.
func (r *reader) take(name string, in io.Reader) error {
	limit := min(r.limits.File, r.limits.Total-r.total)
	b, err := io.ReadAll(io.LimitReader(in, limit+1))
	r.total += min(int64(len(b)), limit)
	switch _, twice := r.found[name]; {
	case int64(len(b)) > limit && limit < r.limits.File:
		r.problem("%s is ignored: all expected files together have more than %d bytes", shown(name), r.limits.Total)
		return nil
	case int64(len(b)) > limit:
		r.problem("%s is ignored: it has more than %d bytes", shown(name), limit)
		return nil
	case err != nil:
		return err
	case twice:
		r.problem("%s has %s twice: the last one counts", r.name, shown(name))
	}
	r.found[name] = b
	return nil
}

// match returns the wanted pattern that a file's name ends with, nil if there is none.
func (r *reader) match(name string) *wanted {
	for i := range r.want {
		if _, ok := r.want[i].prefix(name); ok {
			return &r.want[i]
		}
	}
	return nil
}

// wanted is a file that a submission should have.
type wanted struct {
	dir, pattern string // of the last element
	required     bool
}

func parseWanted(names []string) []wanted {
	var all []wanted
	for _, name := range names {
		name, optional := strings.CutPrefix(name, "?")
		dir, pattern := path.Split(name)
		all = append(all, wanted{dir, pattern, !optional && !strings.ContainsAny(pattern, `*?[\`)})
	}
	return all
}

// prefix returns the folder, with a slash, in which a file of this name would be a wanted one.
func (w wanted) prefix(name string) (string, bool) {
	dir, base := path.Split(name)
	if ok, err := path.Match(w.pattern, base); err != nil || !ok {
		return "", false
	}
	prefix, ok := strings.CutSuffix(dir, w.dir)
	return prefix, ok && (prefix == "" || strings.HasSuffix(prefix, "/"))
}

// junk reports whether a file belongs to tools, not to the student.
func junk(name string) bool {
	return slices.ContainsFunc(strings.Split(name, "/"), func(element string) bool {
		return strings.HasPrefix(element, "._") || slices.Contains([]string{
			"__MACOSX", ".DS_Store", ".git", ".ipynb_checkpoints", ".venv", "node_modules", "Thumbs.db",
		}, element)
	})
}

// shown is a name for a message: quoted if it has strange characters.
func shown(name string) string {
	name = cut(name)
	if strings.ContainsFunc(name, func(c rune) bool { return !unicode.IsPrint(c) || c == unicode.ReplacementChar }) {
		return fmt.Sprintf("%q", name)
	}
	return name
}

// cut shortens a name for a message.
func cut(name string) string {
	const most = 120
	if len(name) > most {
		return name[:most/2] + "..." + name[len(name)-most/2:]
	}
	return name
}
