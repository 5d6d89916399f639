package source

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"strings"
	"unicode/utf8"

	"github.com/cs231n-go/assignment3/cs231n/course"
)

// File is a parsed file with exercises.
type File struct {
	Path string // in the student's edition, relative to the root of the module
	text []byte
	fset *token.FileSet
	tree *ast.File
}

// MaxSize is the size limit of a file.
const MaxSize = 1 << 20

// Parse reads a file. Its errors are lines such as "cs231n/rnn/step.go:12:3: expected ')', found newline".
func Parse(path string, text []byte) (*File, error) {
	switch {
	case len(text) > MaxSize:
		return nil, fmt.Errorf("%s has %d bytes; the limit is %d", path, len(text), MaxSize)
	case !utf8.Valid(text):
		return nil, fmt.Errorf("%s is not a text file in UTF-8", path)
	}
	f := &File{Path: path, text: text, fset: token.NewFileSet()}
	var err error
	if f.tree, err = parser.ParseFile(f.fset, path, text, parser.ParseComments); err != nil {
		first, _, _ := strings.Cut(err.Error(), " (and ")
		return nil, fmt.Errorf("%s", strings.TrimSpace(first))
	}
	return f, nil
}

// key is the name of a function as in the list of exercises: "StepForward" or "RNN.LossGraph".
func key(d *ast.FuncDecl) string {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return d.Name.Name
	}
	receiver := d.Recv.List[0].Type
	if star, ok := receiver.(*ast.StarExpr); ok {
		receiver = star.X
	}
	return types.ExprString(receiver) + "." + d.Name.Name
}

// function finds a function by its name in the list of exercises.
func (f *File) function(name string) *ast.FuncDecl {
	for _, d := range f.tree.Decls {
		if d, ok := d.(*ast.FuncDecl); ok && key(d) == name {
			return d
		}
	}
	return nil
}

// start returns the position at which a declaration begins, with its comment.
func start(d ast.Decl) token.Pos {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Doc != nil {
			return d.Doc.Pos()
		}
	case *ast.GenDecl:
		if d.Doc != nil {
			return d.Doc.Pos()
		}
	}
	return d.Pos()
}

// source returns the text of a declaration, with its comment.
func (f *File) source(d ast.Decl) string {
	return string(f.text[f.fset.Position(start(d)).Offset:f.fset.Position(d.End()).Offset])
}

// Has returns an error if a function is missing or has another signature than in the released file.
func (f *File) Has(e course.Exercise, blank *File) error {
	want := blank.function(e.Func)
	got := f.function(e.Func)
	if got == nil {
		return fmt.Errorf("%s has no function %s: it was renamed or deleted; restore %s", f.Path, e.Func, signature(want))
	}
	if g, w := signature(got), signature(want); g != w {
		return fmt.Errorf("%s:%d: the signature of %s was changed; restore %s", f.Path, f.fset.Position(got.Pos()).Line, e.Func, w)
	}
	return nil
}

// signature writes the head of a function, without the names of parameters in its comparison.
func signature(d *ast.FuncDecl) string {
	return "func " + key(d) + strings.TrimPrefix(types.ExprString(unnamed(d.Type)), "func")
}

// unnamed drops the names of parameters and results, which a student may change.
func unnamed(t *ast.FuncType) *ast.FuncType {
	list := func(fields *ast.FieldList) *ast.FieldList {
		if fields == nil {
			return nil
		}
		out := &ast.FieldList{}
		for _, field := range fields.List {
			for range max(1, len(field.Names)) {
				out.List = append(out.List, &ast.Field{Type: field.Type})
			}
		}
		return out
	}
	return &ast.FuncType{Params: list(t.Params), Results: list(t.Results)}
}

// IsBlank reports whether the function of an exercise still has its gap.
func (f *File) IsBlank(e course.Exercise) bool {
	d := f.function(e.Func)
	return d != nil && strings.Contains(f.source(d), fmt.Sprintf("todo.Exercise(%q", e.ID))
}

// At returns the ID of the exercise whose function is at a line of the file, or "" for code outside of them.
func (f *File) At(line int, all []course.Exercise) string {
	for _, e := range all {
		if d := f.function(e.Func); e.File == f.Path && d != nil && f.fset.Position(d.Pos()).Line <= line && line <= f.fset.Position(d.End()).Line {
			return e.ID
		}
	}
	return ""
}

// Text returns the content of the file.
func (f *File) Text() []byte { return f.text }
