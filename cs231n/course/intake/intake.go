// Package intake reads what students hand in: a folder, a zip or a tar.gz archive of a submission, and folders of many
// submissions. It trusts nothing in them: it returns the bytes of the expected files and never writes to disk.
package intake

import "cmp"

// Limits bound what [Open] reads. A zero field means the value of [DefaultLimits].
type Limits struct {
	Entries int   // files and folders in a submission
	File    int64 // bytes of one wanted file
	Total   int64 // bytes of all wanted files; of a compressed archive, ten times as many may be unpacked and skipped
}

// DefaultLimits returns limits far above an honest submission's size.
func DefaultLimits() Limits { return Limits{Entries: 20000, File: 16 << 20, Total: 64 << 20} }

func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	return Limits{cmp.Or(l.Entries, d.Entries), cmp.Or(l.File, d.File), cmp.Or(l.Total, d.Total)}
}

// Submission is the usable part of a submission.
type Submission struct {
	// Files maps the wanted names, with slashes, to what they contain.
	Files map[string][]byte

	// Problems has one line for each thing that is wrong: a missing or unreadable file, a broken archive, an entry that
	// looks like an attack. The submission has no problem if it is empty.
	Problems []string
}

// Open reads one submission: a folder, a .zip, a .tar.gz or .tgz, told apart by their first bytes, not by their name.
//
// want lists names of files relative to the project's root, with slashes, such as "cs231n/rnn/step.go"; the last element
// may be a pattern of [path.Match], such as "notebooks/*.ipynb". A name without a pattern must be there unless it starts
// with "?", as in "?manifest.json". The project's root may be in any folder of the submission.
//
// Notebooks must be JSON of nbformat 4, other files UTF-8. Open returns an error only if path itself cannot be read; all
// other problems are in the submission.
func Open(path string, want []string, limits Limits) (Submission, error) {
	return Submission{}, nil
}

// Entry is one of many submissions.
type Entry struct {
	Name string // the student's name or number as far as the file's name tells, unique in the batch, safe as a folder's name
	Path string // for [Open]
	Note string // one line, if Name is not the only one of its kind or the entry cannot be a submission; usually empty
}

// Batch lists the submissions of a folder: each subfolder and each archive is one. It sorts them by the names of the
// files, and knows the names of files that Moodle, Canvas and nbgrader write. Of two students with the same name the
// second becomes name-2.
func Batch(dir string) ([]Entry, error) {
	return nil, nil
}
