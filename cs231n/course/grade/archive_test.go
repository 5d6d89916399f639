package grade

import (
	"archive/zip"
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// zipped makes an archive.
func zipped(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		w, err := z.Create(name)
		require.NoError(t, err)
		_, err = w.Write(files[name])
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return b.Bytes()
}

// TestHostileArchives grades archives and folders that attack the grader's files. They have no solutions, so nothing is
// compiled.
func TestHostileArchives(t *testing.T) {
	g := grader(t)
	const step = "cs231n/rnn/step.go"
	with := func(name string, content []byte) map[string][]byte {
		files := g.layout.Blank()
		files[name] = content
		return files
	}
	encrypted := zipped(t, g.layout.Blank())
	for at := 0; ; at++ {
		i := bytes.Index(encrypted[at:], []byte("PK\x01\x02"))
		if i < 0 {
			break
		}
		at += i
		encrypted[at+8] |= 1
	}
	folder := func(change func(dir string)) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			for name, text := range g.layout.Blank() {
				require.NoError(t, os.MkdirAll(filepath.Join(path, filepath.Dir(name)), 0o755))
				require.NoError(t, os.WriteFile(filepath.Join(path, name), text, 0o600))
			}
			require.NoError(t, os.Remove(filepath.Join(path, step)))
			change(path)
		}
	}
	archive := func(content []byte) func(t *testing.T, path string) {
		return func(t *testing.T, path string) { require.NoError(t, os.WriteFile(path, content, 0o600)) }
	}
	reference, err := filepath.Abs(filepath.Join(g.layout.Root, step))
	require.NoError(t, err)
	for _, c := range []struct {
		name  string
		write func(t *testing.T, path string)
		note  string // about the submission
		line  string // about the exercise rnn-step-forward
	}{
		{"up.zip", archive(zipped(t, with("../../evil.go", nil))), "its name is a path outside of the submission", "write StepForward"},
		{"assembly.zip", archive(zipped(t, with("cs231n/rnn/evil_amd64.s", []byte("TEXT main·main(SB)")))), "", "write StepForward"},
		{"module.zip", archive(zipped(t, with("go.mod", []byte("module evil\ntoolchain go9.9\n")))), "", "write StepForward"},
		{"absolute.zip", archive(zipped(t, with("/etc/evil", nil))), "its name is a path outside of the submission", "write StepForward"},
		{"bomb.zip", archive(zipped(t, with(step, make([]byte, 50<<20)))), "it has more than 16777216 bytes", "it has more than 16777216 bytes"},
		{"nested.zip", archive(zipped(t, map[string][]byte{"in.zip": zipped(t, g.layout.Blank())})), "none of the expected files", "none of the expected files"},
		{"encrypted.zip", archive(encrypted), "is encrypted", "is encrypted"},
		{"half.zip", archive(encrypted[:len(encrypted)/2]), "is broken", "is broken"},
		{"other.zip", archive(zipped(t, map[string][]byte{"hw1/main.py": nil})), "is it of another assignment?", "is it of another assignment?"},
		{"notebook.zip", archive(zipped(t, with("notebooks/RNN_Captioning.ipynb", []byte("{\x1b[31m")))), "RNN_Captioning.ipynb is ignored: it is not JSON", "write StepForward"},
		{"empty", func(t *testing.T, path string) { require.NoError(t, os.Mkdir(path, 0o755)) }, "is empty", "is empty"},
		{"passwd", folder(func(dir string) { require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(dir, step))) }), "it is a link", "it is a link"},
		{"teacher", folder(func(dir string) { require.NoError(t, os.Symlink(reference, filepath.Join(dir, step))) }), "it is a link", "it is a link"},
		{"directory", folder(func(dir string) { require.NoError(t, os.Mkdir(filepath.Join(dir, step), 0o755)) }), step + " is missing", step + " is missing"},
		{"missing", folder(func(string) {}), step + " is missing", step + " is missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, c.name)
			c.write(t, path)
			begun := time.Now()
			r, err := g.Grade(t.Context(), c.name, path)
			require.NoError(t, err)
			require.Less(t, time.Since(begun), 20*time.Second)
			require.Zero(t, r.Score())
			require.Contains(t, strings.Join(r.Notes, "\n"), c.note)
			require.Contains(t, strings.Join(r.Results[0].Lines, "\n"), c.line)
			requireClean(t, r)
			entries, err := os.ReadDir(dir)
			require.NoError(t, err)
			require.Len(t, entries, 1)
		})
	}
}

// TestAll grades a folder with submissions of which some cannot be graded, twice.
func TestAll(t *testing.T) {
	g := grader(t)
	dir, out := t.TempDir(), t.TempDir()
	solved := g.layout.Blank()
	solved["cs231n/gan/loss.go"] = g.layout.Reference()["cs231n/gan/loss.go"]
	broken := maps.Clone(solved)
	broken["cs231n/gan/models.go"] = []byte("package gan\nfunc (")
	delete(broken, "cs231n/rnn/step.go")
	for name, files := range map[string]map[string][]byte{"Ada Lovelace.zip": solved, "Ada-Lovelace.zip": broken} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), zipped(t, files), 0o600))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "README.md"), []byte("hello"), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "nothing"), 0o755))
	var first map[string]string
	for range 2 {
		points, failed := map[string]int{}, []string{}
		require.NoError(t, g.All(t.Context(), dir, out, func(_, total int, r Report, err error) {
			require.Equal(t, 4, total)
			if err != nil {
				failed = append(failed, err.Error())
				return
			}
			points[r.Name] = r.Score()
		}))
		require.Equal(t, map[string]int{"Ada-Lovelace": 12, "Ada-Lovelace-2": 12, "nothing": 0}, points)
		require.Equal(t, []string{"README.md is skipped: it is neither a folder nor an archive"}, failed)
		saved := map[string]string{}
		for name := range points {
			for _, file := range []string{"results.json", "report.html"} {
				text, err := os.ReadFile(filepath.Join(out, name, file))
				require.NoError(t, err)
				lines := slices.DeleteFunc(strings.Split(string(text), "\n"), func(line string) bool { return strings.Contains(line, `"execution_time"`) })
				saved[name+"/"+file] = strings.Join(lines, "\n")
			}
		}
		if first == nil {
			first = saved
		}
		require.Equal(t, first, saved)
	}
	require.Contains(t, first["Ada-Lovelace-2/results.json"], "cs231n/gan/models.go:2:7: expected")
	require.Contains(t, first["Ada-Lovelace-2/results.json"], "cs231n/rnn/step.go is missing")
	require.Contains(t, first["Ada-Lovelace-2/report.html"], "is another submission of the name Ada-Lovelace")
}

// TestSingle grades a submission whose path is no name.
func TestSingle(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "ada")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "cs231n"), 0o755))
	for path, want := range map[string]string{dir: "ada", dir + "/cs231n/..": "ada", dir + "/.": "ada"} {
		entries, err := batch(path)
		require.NoError(t, err)
		require.Len(t, entries, 1)
		require.Equal(t, want, entries[0].Name)
	}
	_, err := batch(filepath.Join(dir, "nobody"))
	require.ErrorContains(t, err, "no such file")
}
