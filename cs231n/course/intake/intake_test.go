package intake_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
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

const notebook = `{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}`

func want() []string {
	return []string{"cs231n/rnn/step.go", "cs231n/lstm/step.go", "notebooks/*.ipynb", "?manifest.json"}
}

// file is one entry of an archive or folder.
type file struct {
	name, content string
	mode          fs.FileMode // 0 for a regular file
}

func good(prefix string) []file {
	return []file{
		{prefix + "cs231n/rnn/step.go", "package rnn", 0}, {prefix + "cs231n/lstm/step.go", "package lstm", 0},
		{prefix + "notebooks/RNN.ipynb", notebook, 0}, {prefix + "notebooks/GAN.ipynb", notebook, 0},
		{prefix + "manifest.json", "{}", 0}, {prefix + "README.md", "", 0},
	}
}

func writeZip(t testing.TB, path string, files []file) {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		header := &zip.FileHeader{Name: f.name, Method: zip.Deflate}
		header.SetMode(f.mode | 0o644)
		out, err := w.CreateHeader(header)
		require.NoError(t, err)
		_, err = out.Write([]byte(f.content))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o644))
}

// tarTypes are the types of entries that are no files. A setuid bit stands for a hard link.
func tarTypes() map[fs.FileMode]byte {
	return map[fs.FileMode]byte{
		0: tar.TypeReg, fs.ModeSymlink: tar.TypeSymlink, fs.ModeSetuid: tar.TypeLink, fs.ModeNamedPipe: tar.TypeFifo,
		fs.ModeDevice: tar.TypeBlock, fs.ModeDir: tar.TypeDir,
	}
}

func writeTar(t testing.TB, path string, files []file) {
	t.Helper()
	var b bytes.Buffer
	var w *tar.Writer
	if zipped := gzip.NewWriter(&b); strings.HasSuffix(path, ".tar") {
		w = tar.NewWriter(&b)
	} else {
		defer func() {
			require.NoError(t, zipped.Close())
			require.NoError(t, os.WriteFile(path, b.Bytes(), 0o644))
		}()
		w = tar.NewWriter(zipped)
	}
	for _, f := range files {
		header := &tar.Header{Name: f.name, Mode: 0o644, Typeflag: tarTypes()[f.mode]}
		if header.Typeflag == tar.TypeReg {
			header.Size = int64(len(f.content))
		} else {
			header.Linkname = f.content
		}
		require.NoError(t, w.WriteHeader(header))
		if header.Typeflag == tar.TypeReg {
			_, err := w.Write([]byte(f.content))
			require.NoError(t, err)
		}
	}
	require.NoError(t, w.Close())
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o644))
}

func writeFolder(t testing.TB, path string, files []file) {
	t.Helper()
	for _, f := range files {
		to := filepath.Join(path, filepath.FromSlash(f.name))
		require.NoError(t, os.MkdirAll(filepath.Dir(to), 0o755))
		if f.mode == fs.ModeSymlink {
			require.NoError(t, os.Symlink(f.content, to))
		} else {
			require.NoError(t, os.WriteFile(to, []byte(f.content), 0o644))
		}
	}
}

func open(t testing.TB, path string, limits intake.Limits) ([]string, []string) {
	t.Helper()
	s, err := intake.Open(path, want(), limits)
	require.NoError(t, err)
	var names []string
	for name, content := range s.Files {
		names = append(names, name)
		require.NotEmpty(t, content)
	}
	slices.Sort(names)
	for _, p := range s.Problems {
		require.NotContains(t, p, "\n")
		require.Less(t, len(p), 1000)
	}
	return names, s.Problems
}

func all() []string {
	return []string{"cs231n/lstm/step.go", "cs231n/rnn/step.go", "manifest.json", "notebooks/GAN.ipynb", "notebooks/RNN.ipynb"}
}

// TestGood reads complete submissions of all kinds, with and without a top folder.
func TestGood(t *testing.T) {
	t.Parallel()
	for i, prefix := range []string{"", "assignment3/", "./", "a/b c/\x9abung/", `Übung: 3\`} {
		dir := t.TempDir()
		zipped, tarred, plain := filepath.Join(dir, "a.zip"), filepath.Join(dir, "a.tgz"), filepath.Join(dir, "a.tar")
		files := append(good(prefix), file{"__MACOSX/cs231n/rnn/._step.go", "\x00", 0}, file{"x/.ipynb_checkpoints/notebooks/GAN.ipynb", "old", 0},
			file{"notes/..txt", "", 0})
		writeZip(t, zipped, files)
		writeTar(t, tarred, files)
		writeTar(t, plain, files)
		folder := filepath.Join(dir, "folder")
		writeFolder(t, folder, good(fmt.Sprint("top", i, "/")))
		nested := filepath.Join(dir, "nested")
		writeFolder(t, nested, []file{{"comment.txt", "here it is", 0}})
		writeZip(t, filepath.Join(nested, "mine.zip"), files)
		for _, path := range []string{zipped, tarred, plain, folder, nested} {
			names, problems := open(t, path, intake.Limits{})
			require.Empty(t, problems, path)
			require.Equal(t, all(), names, path)
		}
	}
	s, err := intake.Open(filepath.Join(t.TempDir(), "missing"), want(), intake.Limits{})
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.Empty(t, s)
}

// TestProblems adds one defect to a complete submission, in each kind that can have it.
func TestProblems(t *testing.T) {
	t.Parallel()
	const step = "cs231n/rnn/step.go"
	without := func(name string) []file {
		return slices.DeleteFunc(good("p/"), func(f file) bool { return f.name == "p/"+name })
	}
	with := func(name, content string) []file { return append(without(name), file{"p/" + name, content, 0}) }
	rest := slices.DeleteFunc(all(), func(name string) bool { return name == step })
	restBut := func(name string) []string {
		return slices.DeleteFunc(all(), func(other string) bool { return other == name })
	}
	for name, test := range map[string]struct {
		files []file
		kinds string
		names []string
		want  []string // parts of the problems
	}{
		"missing":        {without(step), "zip tgz folder", rest, []string{"cs231n/rnn/step.go is missing"}},
		"optional":       {without("manifest.json"), "zip tgz folder", restBut("manifest.json"), nil},
		"no notebook":    {slices.Delete(good(""), 2, 4), "zip", []string{"cs231n/lstm/step.go", step, "manifest.json"}, nil},
		"elsewhere":      {append(without(step), file{"p/rnn/step.go", "x", 0}), "zip tgz folder", rest, []string{step + " is missing; there is p/rnn/step.go: keep the folders"}},
		"parent":         {append(good("p/"), file{"../../../etc/passwd", "x", 0}), "zip tgz", all(), []string{`entry "../../../etc/passwd" of a.`}},
		"wanted parent":  {append(without(step), file{"../" + step, "x", 0}), "zip tgz", rest, []string{`its name is a path outside`, "step.go is missing"}},
		"backslashes":    {append(good("p/"), file{`..\..\x`, "x", 0}), "zip tgz", all(), []string{`entry "..\\..\\x" of a.`}},
		"absolute":       {append(good("p/"), file{"/" + step, "x", 0}), "zip tgz", all(), []string{`its name is a path outside`}},
		"drive":          {append(good("p/"), file{`C:\` + step, "x", 0}), "zip tgz", all(), []string{`its name is a path outside`}},
		"control":        {append(good("p/"), file{"q\x1b[2J/" + step, "x", 0}), "zip tgz", all(), []string{`"q\x1b[2J/cs231n/rnn/step.go" of a.`}},
		"symlink":        {append(without(step), file{"p/" + step, "/etc/passwd", fs.ModeSymlink}), "zip tgz folder", rest, []string{"p/" + step + " is ignored: it is a link or a device", "is missing"}},
		"hard link":      {append(without(step), file{"p/" + step, "/etc/passwd", fs.ModeSetuid}), "tgz", rest, []string{"is ignored: it is a link", "is missing"}},
		"device":         {append(without(step), file{"p/" + step, "", fs.ModeDevice}), "zip tgz", rest, []string{"is ignored: it is a link or a device", "is missing"}},
		"pipe":           {append(without(step), file{"p/" + step, "", fs.ModeNamedPipe}), "zip tgz", rest, []string{"is ignored: it is a link or a device", "is missing"}},
		"link elsewhere": {append(good("p/"), file{"p/data", "/etc/passwd", fs.ModeSymlink}), "zip tgz folder", all(), nil},
		"twice":          {append(good("p/"), file{"p/" + step, "package again", 0}), "zip tgz", all(), []string{"has p/" + step + " twice: the last one counts"}},
		"copies":         {append(good("p/"), good("backup/old/")[:4]...), "zip tgz folder", all(), []string{"those in p/ count, those in backup/old/ do not"}},
		"not JSON":       {with("notebooks/GAN.ipynb", "{"), "zip tgz folder", restBut("notebooks/GAN.ipynb"), []string{"notebooks/GAN.ipynb is ignored: it is not JSON: unexpected end"}},
		"no notebook 2":  {with("notebooks/GAN.ipynb", `[1]`), "zip", restBut("notebooks/GAN.ipynb"), []string{"it is JSON, but not a notebook"}},
		"empty notebook": {with("notebooks/GAN.ipynb", ""), "zip", restBut("notebooks/GAN.ipynb"), []string{"GAN.ipynb is ignored: it is empty"}},
		"nbformat":       {with("notebooks/GAN.ipynb", `{"nbformat": 3, "worksheets": []}`), "zip", restBut("notebooks/GAN.ipynb"), []string{"nbformat 3: save it as nbformat 4"}},
		"no cells":       {with("notebooks/GAN.ipynb", `{"nbformat": 4}`), "zip", restBut("notebooks/GAN.ipynb"), []string{"without cells"}},
		"deep":           {with("notebooks/GAN.ipynb", strings.Repeat("[", 1<<20)), "zip", restBut("notebooks/GAN.ipynb"), []string{"it is not JSON: invalid character '[' exceeded max depth"}},
		"manifest":       {with("manifest.json", "no"), "zip", restBut("manifest.json"), []string{"manifest.json is ignored: it is not JSON"}},
		"UTF-16":         {with(step, "\xff\xfep\x00"), "zip tgz folder", rest, []string{"it is UTF-16: save it as UTF-8"}},
		"binary":         {with(step, "\x80\x81"), "zip", rest, []string{"it is not UTF-8 text"}},
		"other course":   {[]file{{"hw/nn.py", "x", 0}, {"hw/b.py", "x", 0}, {"hw/c.py", "x", 0}, {"hw/d.py", "x", 0}}, "zip tgz folder", nil, []string{"has none of the expected files: is it of another assignment? It has hw/"}},
		"flat":           {[]file{{"step.go", "x", 0}}, "zip tgz folder", nil, []string{"none of the expected", "cs231n/rnn/step.go is missing; there is step.go", "cs231n/lstm/step.go is missing; there is step.go"}},
		"empty":          {nil, "zip tgz", nil, []string{" is empty"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for kind, write := range map[string]func(testing.TB, string, []file){"zip": writeZip, "tgz": writeTar, "folder": writeFolder} {
				if !strings.Contains(test.kinds, kind) {
					continue
				}
				path := filepath.Join(t.TempDir(), "a."+kind)
				write(t, path, test.files)
				names, problems := open(t, path, intake.Limits{})
				require.Equal(t, test.names, names, kind)
				require.Len(t, problems, len(test.want), "%s: %q", kind, problems)
				for i, want := range test.want {
					require.Contains(t, problems[i], want, kind)
				}
			}
		})
	}
}

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

func TestBatch(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{
		"Ada Lovelace_123_assignsubmission_file_a3.zip", "Ada Lovelace_456_assignsubmission_file_a3.zip",
		"Ada Lovelace_123_assignsubmission_onlinetext.zip",
		"lovelaceada_LATE_12345_678901_a3-1.tar.gz", "turingalan_1_2_my_file.zip", "Ünal Çelik.zip", "Turingalan.tgz", "turingalan-2.zip",
		"grades.csv", ".hidden.zip", "; rm -rf ~.zip", "-rf.zip", "..zip.zip", "-.zip",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o644))
	}
	for _, name := range []string{"submission_12345678", "Grace Hopper_9_assignsubmission_file_", "m.curie"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, name), 0o755))
	}
	require.NoError(t, os.Symlink("/etc", filepath.Join(dir, "link")))
	entries, err := intake.Batch(dir)
	require.NoError(t, err)
	var lines []string
	for _, e := range entries {
		base := ""
		if e.Path != "" {
			require.Equal(t, dir, filepath.Dir(e.Path))
			base = filepath.Base(e.Path)
		}
		lines = append(lines, strings.Join([]string{e.Name, base, e.Note}, "|"))
	}
	require.Equal(t, []string{
		"submission|-.zip|",
		"rf|-rf.zip|",
		"rm--rf|; rm -rf ~.zip|",
		"Ada-Lovelace|Ada Lovelace_123_assignsubmission_file_a3.zip|",
		"||Ada Lovelace_123_assignsubmission_onlinetext.zip is skipped: it is Moodle's online text",
		"Ada-Lovelace-2|Ada Lovelace_456_assignsubmission_file_a3.zip|Ada Lovelace_456_assignsubmission_file_a3.zip is another submission of the name Ada-Lovelace: here it is Ada-Lovelace-2",
		"Grace-Hopper|Grace Hopper_9_assignsubmission_file_|",
		"Turingalan|Turingalan.tgz|",
		"||grades.csv is skipped: it is neither a folder nor an archive",
		"||link is skipped: it is a link",
		"lovelaceada|lovelaceada_LATE_12345_678901_a3-1.tar.gz|",
		"m.curie|m.curie|",
		"submission_12345678|submission_12345678|",
		"turingalan-2|turingalan-2.zip|",
		"turingalan-3|turingalan_1_2_my_file.zip|turingalan_1_2_my_file.zip is another submission of the name turingalan: here it is turingalan-3",
		"Ünal-Çelik|Ünal Çelik.zip|",
	}, lines)
	_, err = intake.Batch(filepath.Join(dir, "nowhere"))
	require.ErrorIs(t, err, fs.ErrNotExist)
}
