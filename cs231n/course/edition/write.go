package edition

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/compute"

	"github.com/cs231n-go/assignment3/cs231n/course"
	"github.com/cs231n-go/assignment3/cs231n/course/assess"
	"github.com/cs231n-go/assignment3/cs231n/course/cases"
	"github.com/cs231n-go/assignment3/cs231n/course/source"
)

// Write makes the student's edition of the solved checkout root in the folder dir, which must be new or empty. The
// expected results of the visible cases are computed on the backend.
func Write(ctx context.Context, backend compute.Backend, root, dir string) error {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return fmt.Errorf("%s is not empty; name a new folder", dir)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	e := writer{root: root, dir: dir}
	for _, write := range []func() error{
		func() error { return e.packages(ctx) }, e.others, e.release,
		func() error { return e.expected(backend) },
		func() error { return e.notebooks(ctx) },
	} {
		if err := write(); err != nil {
			return fmt.Errorf("make the student's edition: %w", err)
		}
	}
	return nil
}

// writer writes an edition.
type writer struct{ root, dir string }

// programs lists the packages that the student's edition contains, together with those that they import.
func programs() []string {
	return []string{"./cs231n/cmd/cs231n", "./cs231n/course/probe", "./cs231n/notebook/...", "./cs231n/todo"}
}

// packages writes the Go files that build with the tag of the student's edition, and the C files.
func (w writer) packages(ctx context.Context) error {
	args := append([]string{"list", "-deps", "-tags", "plain", "-json=Dir,Module,GoFiles,CgoFiles,IgnoredGoFiles,EmbedFiles,CFiles,HFiles"}, programs()...)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = w.root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("go list: %w: %s", err, strings.TrimSpace(stderr.String()))
	}
	for d := json.NewDecoder(bytes.NewReader(out)); d.More(); {
		var p struct {
			Dir                                                           string
			Module                                                        *struct{ Main bool }
			GoFiles, CgoFiles, IgnoredGoFiles, EmbedFiles, CFiles, HFiles []string
		}
		if err := d.Decode(&p); err != nil {
			return err
		}
		if p.Module == nil || !p.Module.Main {
			continue
		}
		// Ignored files are for other systems and for other tags than plain, or optimized forms, which goFile leaves out.
		for _, name := range slices.Concat(p.GoFiles, p.CgoFiles, p.IgnoredGoFiles) {
			if err := w.goFile(filepath.Join(p.Dir, name)); err != nil {
				return err
			}
		}
		for _, name := range slices.Concat(p.EmbedFiles, p.CFiles, p.HFiles) {
			if err := w.copy(filepath.Join(p.Dir, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// relative returns the slash-separated path of a file of the solved tree.
func (w writer) relative(file string) (string, error) {
	path, err := filepath.Rel(w.root, file)
	return filepath.ToSlash(path), err
}

// goFile writes a file without its solutions, unless it is an optimized form or a test.
func (w writer) goFile(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	path, err := w.relative(file)
	if err != nil {
		return err
	}
	path = source.Name(path)
	plain, ok := source.Edition(text)
	if !ok || strings.HasSuffix(path, "_test.go") {
		return nil
	}
	blank, err := source.Blank(path, []byte(plain))
	if err != nil {
		return err
	}
	return w.write(path, blank, 0o644)
}

// others writes the files around the packages.
func (w writer) others() error {
	for _, pattern := range []string{
		"go.mod", "go.sum", "LICENSE", ".gitignore", "kernels/setup.sh", "kernels/kernelspec.py", "kernels/bin/*",
		"kernels/requirements.txt", "kernels/requirements-pjrt.txt", "kernels/requirements-go.txt", "kernels/requirements-cuda.txt",
		"images/gan_outputs.png",
	} {
		files, err := filepath.Glob(filepath.Join(w.root, pattern))
		if err != nil || len(files) == 0 {
			return fmt.Errorf("%s is missing in %s", pattern, w.root)
		}
		for _, file := range files {
			if err := w.copy(file); err != nil {
				return err
			}
		}
	}
	for _, f := range []struct {
		from, to string
		adapt    func([]byte) []byte
	}{{"docs/assignment.md", "README.md", readme}, {"Makefile", "Makefile", unmarked}} {
		text, err := os.ReadFile(filepath.Join(w.root, f.from))
		if err != nil {
			return err
		}
		if err := w.write(f.to, f.adapt(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// readme makes the links of a page in docs lead to the same files from a page in the root.
func readme(page []byte) []byte { return bytes.ReplaceAll(page, []byte("](../"), []byte("](")) }

// unmarked removes the lines between "# BEGIN SOLUTION" and "# END SOLUTION", the parts of a Makefile for teachers.
func unmarked(text []byte) []byte {
	var out strings.Builder
	inside := false
	for line := range strings.Lines(string(text)) {
		switch strings.TrimSpace(line) {
		case "# BEGIN SOLUTION":
			inside = true
		case "# END SOLUTION":
			inside = false
		default:
			if !inside {
				out.WriteString(line)
			}
		}
	}
	return []byte(out.String())
}

// copy copies a file with its permissions.
func (w writer) copy(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	path, err := w.relative(file)
	if err != nil {
		return err
	}
	return w.write(path, text, info.Mode().Perm())
}

func (w writer) write(path string, text []byte, mode fs.FileMode) error {
	file := filepath.Join(w.dir, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, text, mode)
}

// release writes the files of the exercises once more, for checks to compare with. An overlay for go build puts them in place
// of the student's.
func (w writer) release() error {
	replace := map[string]string{}
	for _, path := range assess.Files() {
		text, err := os.ReadFile(filepath.Join(w.dir, path))
		if err != nil {
			return fmt.Errorf("the file of an exercise is in no package of the student's edition: %w", err)
		}
		replace[path] = assess.Release + "/" + path
		if err := w.write(replace[path], text, 0o644); err != nil {
			return err
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return err
	}
	return w.write(assess.Release+"/overlay.json", overlay, 0o644)
}

// expected writes the expected results of the visible cases.
func (w writer) expected(backend compute.Backend) error {
	var all [][]cases.Array
	for _, c := range cases.Visible() {
		arrays, err := cases.Evaluate(backend, c)
		if err != nil {
			return fmt.Errorf("%s (%s): %w", c.Exercise, c.Name, err)
		}
		all = append(all, arrays)
	}
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return w.write(assess.Release+"/expected.json", text, 0o644)
}

// notebooks writes the notebooks, without outputs.
func (w writer) notebooks(ctx context.Context) error {
	files, err := filepath.Glob(filepath.Join(w.root, "notebooks", "source", "*.md"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("there are no notebooks in %s", w.root)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if text, err = Notebook(text, course.Exercises(), course.Questions()); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		cmd := exec.CommandContext(ctx, filepath.Join(w.root, ".venv", "bin", "jupytext"), "--from", "md", "--to", "ipynb", "--output", "-", "-")
		cmd.Stdin = bytes.NewReader(text)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("jupytext %s: %w: %s", file, err, strings.TrimSpace(stderr.String()))
		}
		name := strings.TrimSuffix(filepath.Base(file), ".md") + ".ipynb"
		if err := w.write("notebooks/"+name, out, 0o644); err != nil {
			return err
		}
	}
	return nil
}
