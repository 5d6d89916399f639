package grade

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/course"
)

// solution is a solution of an exercise as a student may write it, from a file of testdata/wrong or testdata/right. Such a
// file has a block for each solution:
//
//	# about the solution
//	= words of the general diagnosis that names the mistake
//	- lines of the reference
//	+ lines in their place
//	Go declarations, which replace those of the reference or are added
//
// The first line of a wrong solution is the hint for the student. The other parts are optional.
type solution struct {
	exercise course.Exercise
	right    bool
	about    string
	words    string // "" for a wrong solution that needs a hint of its own
	edits    []edit
	code     string
}

// edit replaces lines. Indentation does not count.
type edit struct{ before, after []string }

func (s solution) String() string { return s.exercise.ID + ": " + s.about }

// solutions reads all solutions in the order of the exercises.
func solutions(t *testing.T, folder string) []solution {
	t.Helper()
	var all []solution
	for _, e := range course.Exercises() {
		text, err := os.ReadFile("testdata/" + folder + "/" + e.ID + ".txt")
		require.NoError(t, err)
		for _, block := range strings.Split("\n"+string(text), "\n# ")[1:] {
			about, rest, _ := strings.Cut(block, "\n")
			s := solution{exercise: e, right: folder == "right", about: about}
			s.read(rest)
			all = append(all, s)
		}
	}
	return all
}

func (s *solution) read(block string) {
	last := byte(0)
	for line := range strings.Lines(block) {
		switch kind := line[0]; kind {
		case '=':
			s.words = strings.TrimSpace(line[1:])
		case '-', '+':
			if kind == '-' && last != '-' {
				s.edits = append(s.edits, edit{})
			}
			e := &s.edits[len(s.edits)-1]
			if kind == '-' {
				e.before = append(e.before, strings.TrimSpace(line[1:]))
			} else {
				e.after = append(e.after, strings.TrimSpace(line[1:]))
			}
			last = kind
		default:
			s.code += line
		}
	}
}

// apply changes a file with the reference solutions.
func (s solution) apply(text string) (string, error) {
	var err error
	for _, e := range s.edits {
		if text, err = s.replace(text, e); err != nil {
			return "", fmt.Errorf("%s: %w", s, err)
		}
	}
	if text, err = declare(text, s.code); err != nil {
		return "", fmt.Errorf("%s: %w", s, err)
	}
	return text, nil
}

// replace makes an edit in the function of the exercise or in a helper.
func (s solution) replace(text string, e edit) (string, error) {
	spans, err := declarations(text)
	if err != nil {
		return "", err
	}
	lines := strings.Split(text, "\n")
	at := -1
	for _, d := range spans {
		if d.name != s.exercise.Func && slices.ContainsFunc(course.Exercises(), func(o course.Exercise) bool {
			return o.File == s.exercise.File && o.Func == d.name
		}) {
			continue
		}
		for i := d.first; i+len(e.before)-1 <= d.last; i++ {
			if !slices.EqualFunc(lines[i:i+len(e.before)], e.before, func(a, b string) bool { return strings.TrimSpace(a) == b }) {
				continue
			}
			if at >= 0 {
				return "", fmt.Errorf("%q occurs twice", e.before)
			}
			at = i
		}
	}
	if at < 0 {
		return "", fmt.Errorf("%q does not occur", e.before)
	}
	return strings.Join(slices.Replace(lines, at, at+len(e.before), e.after...), "\n"), nil
}

// span is a declaration with its lines, counted from 0.
type span struct {
	name        string
	first, last int
}

// declarations lists the functions and types of a file, and its imports under the name "import".
func declarations(text string) ([]span, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, "", text, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var all []span
	for _, d := range file.Decls {
		s := span{first: set.Position(d.Pos()).Line - 1, last: set.Position(d.End()).Line - 1}
		switch d := d.(type) {
		case *ast.FuncDecl:
			s.name = d.Name.Name
			if d.Recv != nil {
				s.name = strings.TrimPrefix(types.ExprString(d.Recv.List[0].Type), "*") + "." + s.name
			}
		case *ast.GenDecl:
			if s.name = d.Tok.String(); d.Tok == token.TYPE {
				s.name = d.Specs[0].(*ast.TypeSpec).Name.Name
			}
		}
		all = append(all, s)
	}
	return all, nil
}

// declare replaces declarations of a file by those of the same name in code, and adds the others.
func declare(text, code string) (string, error) {
	const head = "package p\n"
	added, err := declarations(head + code)
	if err != nil {
		return "", err
	}
	present, err := declarations(text)
	if err != nil {
		return "", err
	}
	source, lines := strings.Split(head+code, "\n"), strings.Split(text, "\n")
	var imports, bodies []string
	for _, d := range added {
		part := strings.Join(source[d.first:d.last+1], "\n")
		if d.name == "import" {
			imports = append(imports, part)
			continue
		}
		bodies = append(bodies, part)
		for _, old := range present {
			if old.name == d.name {
				for i := old.first; i <= old.last; i++ {
					lines[i] = ""
				}
			}
		}
	}
	text = strings.Join(append(lines, bodies...), "\n")
	for _, d := range imports {
		text = strings.Replace(text, "\nimport ", "\n"+d+"\nimport ", 1)
	}
	return text, nil
}

// TestSolutionsApply checks without compiling that every solution changes the file of its exercise.
func TestSolutionsApply(t *testing.T) {
	t.Parallel()
	reference := referenceFiles(t)
	for folder, least := range map[string]int{"wrong": 100, "right": 27} {
		all := solutions(t, folder)
		require.GreaterOrEqual(t, len(all), least)
		seen := map[string]bool{}
		for _, s := range all {
			require.False(t, seen[s.String()], "two solutions have the same name: %s", s)
			seen[s.String()] = true
			text := string(reference[s.exercise.File])
			changed, err := s.apply(text)
			require.NoError(t, err)
			require.NotEqual(t, text, changed, s)
		}
	}
}
