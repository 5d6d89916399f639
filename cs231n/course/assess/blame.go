package assess

import (
	"context"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/cs231n-go/assignment3/cs231n/course/source"
)

// build compiles the probe. A function that does not compile is replaced by the released one.
func (w *work) build(ctx context.Context) (program string, err error) {
	for {
		program, failed, err := w.compile(ctx, w.parts)
		if err != nil || failed == "" {
			return program, err
		}
		if !w.blame(failed) {
			if err := w.search(ctx, failed); err != nil {
				return "", err
			}
		}
	}
}

// compilerLine matches a message of the compiler.
var compilerLine = regexp.MustCompile(`(?m)^(\S+\.go):(\d+)(?::\d+)?: (.*)$`)

// blame finds the exercises whose code the compiler's messages are about, and drops them. It reports whether there are any.
func (w *work) blame(failed failure) bool {
	found := false
	for _, m := range compilerLine.FindAllStringSubmatch(string(failed), -1) {
		path, text := filepath.ToSlash(m[1]), m[3]
		number, _ := strconv.Atoi(m[2])
		for _, id := range w.culprits(path, number) {
			w.drop(id, fmt.Sprintf("%s:%d: %s", path, number, text))
			found = true
		}
	}
	return found
}

// culprits lists the exercise whose function is at a line, or else those that reach the helper there.
func (w *work) culprits(path string, line int) []string {
	var all []string
	for _, e := range w.all {
		p, ok := w.parts[e.ID]
		switch {
		case !ok:
		case p.Writes(path, line):
			return []string{e.ID}
		case p.Reaches(path, line):
			all = append(all, e.ID)
		}
	}
	return all
}

// drop leaves an exercise out, since it does not compile.
func (w *work) drop(id, line string) {
	if p := w.parts[id]; p.From() != w.Layout.reference[p.Exercise.File] {
		w.fail(id, Broken, line)
	}
	delete(w.parts, id)
}

// search finds the exercises that cause an error without a position in their code, such as a compiler that never ends: it
// compiles each of them alone.
func (w *work) search(ctx context.Context, failed failure) error {
	if _, other, err := w.compile(ctx, nil); err != nil {
		return err
	} else if other != "" {
		return fmt.Errorf("assess: the assignment does not compile: %s", Line(other.words()))
	}
	suspects := w.suspects(failed)
	found := false
	for _, id := range suspects {
		_, alone, err := w.compile(ctx, map[string]source.Part{id: w.parts[id]})
		if err != nil {
			return err
		}
		if alone != "" {
			w.drop(id, alone.words())
			found = true
		}
	}
	if !found { // they fail only together
		for _, id := range suspects {
			w.drop(id, failed.words())
		}
	}
	return nil
}

// suspects lists the exercises of the packages that a failure names, or all.
func (w *work) suspects(failed failure) []string {
	var named, all []string
	for _, e := range w.all {
		if _, ok := w.parts[e.ID]; ok {
			all = append(all, e.ID)
			if strings.Contains(string(failed), "/"+path.Dir(e.File)+"\n") {
				named = append(named, e.ID)
			}
		}
	}
	if len(named) > 0 {
		return named
	}
	return all
}

// with returns the parts with the reference in place of some exercises.
func (w *work) with(reference map[string]bool) map[string]source.Part {
	parts := maps.Clone(w.parts)
	for _, e := range w.all {
		if reference[e.ID] {
			parts[e.ID] = source.Collect(e, w.Layout.reference, w.Layout.blank)
		}
	}
	return parts
}
