package source

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/ast/astutil"
)

// todoPath is the import path of package todo.
const todoPath = "github.com/cs231n-go/assignment3/cs231n/todo"

// keepImports makes a file compile whose solutions were removed: it adds the import of package todo, and uses the imports
// that only the solutions used, since a student will need them.
func keepImports(path string, solved, blank []byte) ([]byte, error) {
	fset := token.NewFileSet()
	before, err := parser.ParseFile(fset, path, solved, 0)
	if err != nil {
		return nil, err
	}
	after, err := parser.ParseFile(fset, path, blank, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	var kept, unused []string
	for _, spec := range after.Imports {
		file := importPath(spec)
		if spec.Name == nil && !astutil.UsesImport(after, file) {
			name := importName(spec)
			if used := firstUse(before, name); used != "" && !generic(file) {
				kept = append(kept, fmt.Sprintf("_ = %s.%s", name, used))
			} else {
				unused = append(unused, file)
			}
		}
	}
	for _, file := range unused {
		astutil.DeleteImport(fset, after, file)
	}
	if bytes.Contains(blank, []byte("todo.Exercise(")) {
		astutil.AddImport(fset, after, todoPath)
		kept = append(kept, "_ = todo.Exercise")
	}
	var b bytes.Buffer
	if err := format.Node(&b, fset, after); err != nil {
		return nil, err
	}
	if len(kept) > 0 {
		fmt.Fprintf(&b, "\n// Go refuses imports that are not used. These lines use those that your code may or may not need.\nvar (\n\t%s\n)\n", strings.Join(kept, "\n\t"))
	}
	return format.Source(b.Bytes())
}

// generic reports whether the functions of a package are generic, so that they have no value without type arguments.
func generic(path string) bool { return path == "cmp" || path == "maps" || path == "slices" }

func lastElement(path string) string { return path[strings.LastIndex(path, "/")+1:] }

// firstUse returns the first function of a package that a file calls, or a function that it names.
func firstUse(file *ast.File, pkg string) string {
	var names []string
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.CallExpr); ok {
			if f, ok := s.Fun.(*ast.SelectorExpr); ok {
				if x, ok := f.X.(*ast.Ident); ok && x.Name == pkg {
					names = append(names, f.Sel.Name)
				}
			}
		}
		return true
	})
	if len(names) == 0 {
		return ""
	}
	return slices.Min(names)
}

// neededImports writes the imports of several files that the text of a file uses.
func neededImports(text string, files ...*ast.File) (string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), "", text, parser.SkipObjectResolution)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	seen := map[string]bool{}
	for _, from := range files {
		for _, spec := range from.Imports {
			name, line := importName(spec), spec.Path.Value
			if spec.Name != nil {
				line = name + " " + line
			}
			if !seen[line] && (name == "." || uses(file, name)) {
				seen[line] = true
				fmt.Fprintf(&b, "import %s\n", line)
			}
		}
	}
	return b.String(), nil
}

// importPath returns the path of an imported package.
func importPath(spec *ast.ImportSpec) string {
	path, _ := strconv.Unquote(spec.Path.Value)
	return path
}

// importName returns the name of an imported package in its file.
func importName(spec *ast.ImportSpec) string {
	if spec.Name != nil {
		return spec.Name.Name
	}
	return lastElement(importPath(spec))
}

// imports lists the paths of the imported packages.
func (f *File) imports() []string {
	var paths []string
	for _, spec := range f.tree.Imports {
		paths = append(paths, importPath(spec))
	}
	return paths
}

// uses reports whether code has a selector of the given package.
func uses(code ast.Node, pkg string) bool {
	found := false
	ast.Inspect(code, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && x.Name == pkg {
				found = true
			}
		}
		return !found
	})
	return found
}
