package source

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"path"
	"slices"
	"strings"
)

// The rules keep a submission to plain functions: nothing runs but the functions of the exercises and their helpers, they
// do not affect each other, and nothing reaches files, processes or the network.

// Rules returns a line for each rule that the file breaks outside of the code of an exercise.
func (f *File) Rules(blank *File) []string {
	r := report{file: f}
	for _, spec := range f.tree.Imports {
		switch file := importPath(spec); {
		case file == "C":
			r.add(spec.Pos(), "exercises cannot import C")
		case spec.Name != nil && spec.Name.Name == "." && !slices.Contains(blank.imports(), file):
			r.add(spec.Pos(), "exercises cannot import %s without its name", file)
		}
	}
	for _, d := range f.tree.Decls {
		if isInit(d) {
			r.add(d.Pos(), "exercises cannot have a function init")
		}
	}
	r.directives(func(at token.Pos) bool {
		return !slices.ContainsFunc(f.tree.Decls, func(d ast.Decl) bool { return start(d) <= at && at < d.End() })
	})
	return r.lines
}

// Rules returns a line for each rule that the code of the exercise breaks.
func (p Part) Rules() []string {
	var lines []string
	for _, c := range p.code {
		r := report{file: c.file}
		r.imports(c.decl, p.released[c.file.Path])
		r.directives(func(at token.Pos) bool { return start(c.decl) <= at && at < c.decl.End() })
		r.names(c, p.released)
		r.statements(c.decl)
		lines = append(lines, r.lines...)
	}
	return lines
}

// report collects lines about a file.
type report struct {
	file  *File
	lines []string
}

func (r *report) add(at token.Pos, format string, args ...any) {
	line := fmt.Sprintf("%s:%d: ", r.file.Path, r.file.line(at)) + fmt.Sprintf(format, args...)
	if !slices.Contains(r.lines, line) {
		r.lines = append(r.lines, line)
	}
}

// imports checks the packages that a declaration uses.
func (r *report) imports(d ast.Decl, released *File) {
	allowed := append(released.imports(), libraries()...)
	for _, spec := range r.file.tree.Imports {
		file, name := importPath(spec), importName(spec)
		switch {
		case !uses(d, name):
		case !slices.Contains(allowed, file):
			r.add(spec.Pos(), "exercises cannot import %s", file)
		case slices.ContainsFunc(released.tree.Imports, func(s *ast.ImportSpec) bool { return importName(s) == name && importPath(s) != file }):
			r.add(spec.Pos(), "%s is another package in the released file; choose another name", name)
		}
	}
}

// directives refuses comments that tell the compiler something.
func (r *report) directives(inside func(token.Pos) bool) {
	for _, group := range r.file.tree.Comments {
		for _, c := range group.List {
			for _, start := range []string{"//go:", "//line ", "/*line ", "//export "} {
				if strings.HasPrefix(c.Text, start) && inside(c.Pos()) {
					r.add(c.Pos(), "exercises cannot have directives such as %.20s", c.Text)
				}
			}
		}
	}
}

// names refuses helpers that would change the meaning of given code.
func (r *report) names(c code, released Files) {
	for _, name := range names(c.decl) {
		if types.Universe.Lookup(name) != nil {
			r.add(c.decl.Pos(), "%s is a name of Go itself; choose another", name)
		}
		for file, f := range released {
			if path.Dir(file) == path.Dir(c.file.Path) && slices.ContainsFunc(f.tree.Imports, func(s *ast.ImportSpec) bool { return importName(s) == name }) {
				r.add(c.decl.Pos(), "%s is the name of a package that this package imports; choose another", name)
			}
		}
	}
}

// statements checks a declaration for what plain functions have no need of.
func (r *report) statements(d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Body == nil {
			r.add(d.Pos(), "%s has no body", d.Name.Name)
		}
	case *ast.GenDecl:
		if d.Tok == token.VAR && !plain(d) {
			r.add(d.Pos(), "variables outside of functions can only be numbers, strings and lists of them")
		}
	}
	ast.Inspect(d, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			r.name(n)
		case *ast.GoStmt, *ast.SelectStmt, *ast.ChanType, *ast.SendStmt:
			r.add(n.Pos(), "exercises cannot use goroutines or channels")
		case *ast.AssignStmt:
			for _, x := range n.Lhs {
				r.changed(x)
			}
		case *ast.IncDecStmt:
			r.changed(n.X)
		case *ast.RangeStmt:
			r.changed(n.Key)
			r.changed(n.Value)
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				r.changed(n.X)
			}
		}
		return true
	})
}

// name refuses functions by their name, wherever it occurs, since a function can be called through a variable.
func (r *report) name(n *ast.Ident) {
	switch n.Name {
	case "Gradient", "VJPRegistration":
		r.add(n.Pos(), "uses %s: write the backward pass yourself", n.Name)
	case "Save", "Load":
		r.add(n.Pos(), "uses %s: exercises cannot read or write files", n.Name)
	}
}

// changed refuses the change of a variable that is not a local one.
func (r *report) changed(x ast.Expr) {
	switch x := x.(type) {
	case *ast.Ident:
		if x.Name != "_" && !r.local(x) {
			r.add(x.Pos(), "changes %s: exercises can change only local variables", x.Name)
		}
	case *ast.SelectorExpr:
		r.changed(x.X)
	case *ast.IndexExpr:
		r.changed(x.X)
	case *ast.StarExpr:
		r.changed(x.X)
	case *ast.ParenExpr:
		r.changed(x.X)
	}
}

// local reports whether a name is declared in a function. The parser resolves the names of a file.
func (r *report) local(x *ast.Ident) bool {
	if x.Obj == nil {
		return false
	}
	switch d := x.Obj.Decl.(type) {
	case *ast.FuncDecl, *ast.TypeSpec:
		return false
	case *ast.ValueSpec:
		return !slices.ContainsFunc(r.file.tree.Decls, func(other ast.Decl) bool {
			g, ok := other.(*ast.GenDecl)
			return ok && slices.Contains(g.Specs, ast.Spec(d))
		})
	}
	return true
}

// libraries lists the packages that a solution may import in addition to those of the released file.
func libraries() []string {
	list := []string{"cmp", "errors", "fmt", "maps", "math", "slices", "sort", "strings"}
	for _, name := range []string{"core/graph", "core/tensors"} {
		list = append(list, "github.com/gomlx/gomlx/"+name)
	}
	for _, name := range []string{"dtypes", "shapes"} {
		list = append(list, "github.com/gomlx/compute/"+name)
	}
	for _, name := range []string{"nn", "temporal", "todo"} {
		list = append(list, strings.TrimSuffix(todoPath, "todo")+name)
	}
	return list
}

// plain reports whether a declaration has only numbers, strings and lists of them, which no code has to compute before the
// program begins.
func plain(d *ast.GenDecl) bool {
	for _, spec := range d.Specs {
		v, ok := spec.(*ast.ValueSpec)
		if !ok || !isList(v.Type) || slices.ContainsFunc(v.Values, func(x ast.Expr) bool { return !isPlain(x) }) {
			return false
		}
	}
	return true
}

// isList reports whether a type is missing, a name, or a slice of a named type.
func isList(t ast.Expr) bool {
	switch t := t.(type) {
	case nil, *ast.Ident:
		return true
	case *ast.ArrayType:
		_, named := t.Elt.(*ast.Ident)
		return t.Len == nil && named
	}
	return false
}

func isPlain(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.BasicLit:
		return true
	case *ast.UnaryExpr:
		return isPlain(x.X)
	case *ast.BinaryExpr:
		return isPlain(x.X) && isPlain(x.Y)
	case *ast.ParenExpr:
		return isPlain(x.X)
	case *ast.CompositeLit:
		return isList(x.Type) && !slices.ContainsFunc(x.Elts, func(x ast.Expr) bool { return !isPlain(x) })
	}
	return false
}
