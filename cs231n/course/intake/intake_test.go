package intake_test

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/course/intake"
)

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
