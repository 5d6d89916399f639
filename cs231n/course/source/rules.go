package source

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"
)

// Rules returns a line for each rule of the assignment that a file breaks. The rules keep a submission to plain functions:
// nothing runs but the functions of the exercises, and nothing reaches files, processes or the network.
func (f *File) Rules(blank *File) []string {
	var broken []string
	report := func(at token.Pos, format string, args ...any) {
		broken = append(broken, fmt.Sprintf("%s:%d: ", f.Path, f.fset.Position(at).Line)+fmt.Sprintf(format, args...))
	}
	allowed := append(blank.imports(), libraries()...)
	for _, spec := range f.tree.Imports {
		if path, _ := strconv.Unquote(spec.Path.Value); !slices.Contains(allowed, path) {
			report(spec.Pos(), "exercises cannot import %s", path)
		}
	}
	for _, group := range f.tree.Comments {
		for _, c := range group.List {
			if strings.HasPrefix(c.Text, "//go:") || strings.HasPrefix(c.Text, "//line ") || strings.HasPrefix(c.Text, "/*line ") || strings.HasPrefix(c.Text, "//export ") {
				report(c.Pos(), "exercises cannot have directives such as %.20s", c.Text)
			}
		}
	}
	for _, d := range f.tree.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.Name == "init" && d.Recv == nil {
				report(d.Pos(), "exercises cannot have a function init")
			}
			if d.Body == nil {
				report(d.Pos(), "%s has no body", d.Name.Name)
			}
		case *ast.GenDecl:
			if d.Tok == token.VAR && calls(d) {
				report(d.Pos(), "exercises cannot call functions outside of functions")
			}
		}
	}
	ast.Inspect(f.tree, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && named(call.Fun, "Gradient") {
			report(call.Pos(), "calls Gradient: write the backward pass yourself")
		}
		return true
	})
	return broken
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

func (f *File) imports() []string {
	var paths []string
	for _, spec := range f.tree.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		paths = append(paths, path)
	}
	return paths
}

// calls reports whether a declaration calls a function. A function literal that is not called does not count.
func calls(d ast.Node) bool {
	found := false
	ast.Inspect(d, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			_, literal := n.Fun.(*ast.FuncLit)
			found = found || literal || !conversion(n)
		case *ast.FuncLit:
			return false
		}
		return true
	})
	return found
}

// conversion reports whether a call looks like a conversion such as float64(x).
func conversion(c *ast.CallExpr) bool {
	name, ok := c.Fun.(*ast.Ident)
	return ok && slices.Contains([]string{"float32", "float64", "int", "int32", "int64", "uint32", "string", "len"}, name.Name)
}

// named reports whether an expression is a function of the given name, of any package.
func named(e ast.Expr, name string) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name == name
	case *ast.SelectorExpr:
		return e.Sel.Name == name
	case *ast.ParenExpr:
		return named(e.X, name)
	}
	return false
}
