package intake_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/course/intake"
)

// TestBroken damages archives.
func TestBroken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	zipped, tarred := filepath.Join(dir, "a.zip"), filepath.Join(dir, "a.tgz")
	big := append(good(""), file{"notebooks/Z.ipynb", notebook + strings.Repeat(" ", 1<<16), 0})
	writeZip(t, zipped, big)
	writeTar(t, tarred, big)
	wholeZip, err := os.ReadFile(zipped)
	require.NoError(t, err)
	wholeTar, err := os.ReadFile(tarred)
	require.NoError(t, err)
	damaged := bytes.Clone(wholeZip)
	at := bytes.Index(damaged, []byte("cs231n/rnn/step.go")) + len("cs231n/rnn/step.go") + 3
	damaged[at] ^= 0x10
	encrypted := bytes.Clone(wholeZip)
	encrypted[bytes.Index(encrypted, []byte("PK\x01\x02"))+8] |= 1
	for name, test := range map[string]struct {
		content []byte
		files   int
		want    string
	}{
		"half.zip":      {wholeZip[:len(wholeZip)/2], 0, "half.zip is broken, perhaps since only a part of it was uploaded: zip: not a valid zip file"},
		"damaged.zip":   {damaged, 5, "damaged.zip is broken at cs231n/rnn/step.go: "},
		"encrypted.zip": {encrypted, 5, "cs231n/rnn/step.go in encrypted.zip is encrypted"},
		"half.tgz":      {wholeTar[:len(wholeTar)*3/4], 1, "half.tgz is broken"},
		"start.tgz":     {wholeTar[:9], 0, "start.tgz is broken: unexpected EOF"},
		"page.zip":      {[]byte("<html>Please log in</html>"), 0, "page.zip is not a zip or tar.gz archive"},
		"nothing.zip":   {nil, 0, "nothing.zip is not a zip or tar.gz archive"},
		"a.rar":         {[]byte("Rar!\x1a\x07\x01\x00"), 0, "a.rar is a RAR archive, which cannot be read: hand in a zip file"},
	} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, test.content, 0o644))
		names, problems := open(t, path, intake.Limits{})
		require.GreaterOrEqual(t, len(names), test.files, name)
		require.NotEmpty(t, problems, name)
		require.Contains(t, problems[0], test.want)
	}
	_, problems := open(t, filepath.Join(dir, "damaged.zip"), intake.Limits{})
	require.Contains(t, problems[0], "only 5 of its 6 expected files could be read")
}

// TestBombs reads archives that unpack to much more than they are.
func TestBombs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const size = 200 << 20
	zeros := strings.Repeat("\x00", size)
	limits := intake.Limits{Entries: 100, File: 1 << 20, Total: 3 << 20}
	write := map[string]func(testing.TB, string, []file){"zip": writeZip, "tgz": writeTar}
	for kind, write := range write {
		for name, test := range map[string]struct {
			files []file
			want  string
			left  int
		}{
			"wanted":   {append(good("p/"), file{"p/notebooks/bomb.ipynb", zeros, 0}), "p/notebooks/bomb.ipynb is ignored: it has more than 1048576 bytes", 5},
			"together": {append(good("p/"), bulk(5)...), "is ignored: all expected files together have more than 3145728 bytes", 8},
			"entries":  {slices.Concat(good("p/"), slices.Repeat([]file{{"p/x", "", 0}}, 200)), "has more than 100 files and folders", 5},
		} {
			path := filepath.Join(dir, name+"."+kind)
			write(t, path, test.files)
			start := time.Now()
			names, problems := open(t, path, limits)
			require.Less(t, time.Since(start), 20*time.Second)
			require.Len(t, names, test.left, "%s %s %q", kind, name, problems)
			require.Contains(t, problems[0], test.want)
		}
	}
	path := filepath.Join(dir, "skipped.tgz")
	writeTar(t, path, slices.Concat(good("p/")[:1], []file{{"data.bin", zeros, 0}}, good("p/")[1:]))
	names, problems := open(t, path, limits)
	require.Equal(t, []string{"cs231n/rnn/step.go"}, names)
	require.Contains(t, strings.Join(problems, "\n"), "skipped.tgz unpacks to more than 31457280 bytes: the rest of it is ignored")
	names, problems = open(t, path, intake.Limits{})
	require.Equal(t, all(), names)
	require.Empty(t, problems)
}

// bulk makes notebooks of almost 1 MiB.
func bulk(n int) (files []file) {
	for i := range n {
		files = append(files, file{fmt.Sprintf("p/notebooks/bulk%d.ipynb", i), notebook + strings.Repeat(" ", 1<<20-1000), 0})
	}
	return files
}

// TestManyProblems checks that a hostile archive cannot cause endless messages.
func TestManyProblems(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.zip")
	files := good("")
	for i := range 1000 {
		files = append(files, file{"../" + strings.Repeat("x", 60000/1000) + fmt.Sprint(i), "", 0})
	}
	writeZip(t, path, append(files, file{strings.Repeat("y", 60000) + "\n", "", 0}))
	_, problems := open(t, path, intake.Limits{})
	require.Len(t, problems, 51)
	require.Equal(t, "there are more problems", problems[50])
}

// FuzzOpen checks that no bytes make Open fail, and that the limits hold.
func FuzzOpen(f *testing.F) {
	dir := f.TempDir()
	for name, write := range map[string]func(testing.TB, string, []file){"a.zip": writeZip, "a.tgz": writeTar, "a.tar": writeTar} {
		for _, files := range [][]file{good(""), good("p/"), {{"../x", "x", 0}, {"p/cs231n/rnn/step.go", "/etc", fs.ModeSymlink}}} {
			writeAt := filepath.Join(dir, name)
			write(f, writeAt, files)
			b, err := os.ReadFile(writeAt)
			require.NoError(f, err)
			f.Add(b)
		}
	}
	limits := intake.Limits{Entries: 50, File: 1 << 12, Total: 1 << 14}
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "a")
		require.NoError(t, os.WriteFile(path, b, 0o644))
		s, err := intake.Open(path, want(), limits)
		require.NoError(t, err)
		total := 0
		for name, content := range s.Files {
			require.True(t, filepath.IsLocal(name))
			require.LessOrEqual(t, len(content), 1<<12)
			total += len(content)
		}
		require.LessOrEqual(t, total, 1<<14)
		require.LessOrEqual(t, len(s.Problems), 51)
		require.False(t, len(s.Files) == 0 && len(s.Problems) == 0, "no files without a reason")
	})
}
