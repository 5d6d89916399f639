package source

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
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
const MaxSize = 256 << 10

// maxDepth limits how deeply code is nested, since the compiler is recursive.
const maxDepth = 500

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
		if all, ok := errors.AsType[scanner.ErrorList](err); ok && len(all) > 0 {
			// The position in all[0].Pos may be one that a comment //line pretends.
			before := text[:min(all[0].Pos.Offset, len(text))]
			line, column := bytes.Count(before, []byte("\n"))+1, len(before)-bytes.LastIndexByte(before, '\n')
			return nil, fmt.Errorf("%s:%d:%d: %s", path, line, column, all[0].Msg)
		}
		return nil, err
	}
	return f, f.checkDepth()
}

// checkDepth returns an error if the code is nested too deeply.
func (f *File) checkDepth() (err error) {
	depth := 0
	ast.Inspect(f.tree, func(n ast.Node) bool {
		if n == nil {
			depth--
			return true
		}
		if depth++; depth > maxDepth && err == nil {
			err = fmt.Errorf("%s:%d: the code is nested too deeply", f.Path, f.line(n.Pos()))
		}
		return true
	})
	return err
}

// line returns the line of a position.
func (f *File) line(at token.Pos) int { return f.fset.PositionFor(at, false).Line }

// key is the name of a function as in the list of exercises: "StepForward" or "RNN.LossGraph".
func key(d *ast.FuncDecl) string {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return d.Name.Name
	}
	return receiver(d) + "." + d.Name.Name
}

// receiver returns the type of a method's receiver, without a star.
func receiver(d *ast.FuncDecl) string {
	t := d.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	return types.ExprString(t)
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
	return string(f.text[f.fset.PositionFor(start(d), false).Offset:f.fset.PositionFor(d.End(), false).Offset])
}

// Has returns an error if a function is missing or has another signature than in the released file.
func (f *File) Has(e course.Exercise, blank *File) error {
	want := blank.function(e.Func)
	got := f.function(e.Func)
	if got == nil {
		return fmt.Errorf("%s has no function %s: it was renamed or deleted; restore %s", f.Path, e.Func, signature(want))
	}
	if g, w := signature(got), signature(want); g != w {
		return fmt.Errorf("%s:%d: the signature of %s was changed; restore %s", f.Path, f.line(got.Pos()), e.Func, w)
	}
	return nil
}

// signature writes the head of a function, without the names of parameters in its comparison.
func signature(d *ast.FuncDecl) string {
	parameters := ""
	if d.Type.TypeParams != nil {
		parameters = "[...]"
	}
	return "func " + key(d) + parameters + strings.TrimPrefix(types.ExprString(unnamed(d.Type)), "func")
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

// IsBlank reports whether the function of an exercise still has its gap. A comment about it does not count.
func (f *File) IsBlank(e course.Exercise) bool {
	d := f.function(e.Func)
	blank := false
	if d != nil {
		ast.Inspect(d, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			blank = blank || ok && types.ExprString(call.Fun) == "todo.Exercise"
			return !blank
		})
	}
	return blank
}

// Text returns the content of the file.
func (f *File) Text() []byte { return f.text }
