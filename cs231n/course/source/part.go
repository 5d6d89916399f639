package source

import (
	"go/ast"
	"go/token"
	"go/types"
	"path"
	"slices"

	"github.com/cs231n-go/assignment3/cs231n/course"
)

// Files are files with exercises by their path.
type Files map[string]*File

// Part is the code of an exercise: its function, and the helpers that it reaches.
type Part struct {
	Exercise course.Exercise
	released Files
	code     []code
}

// code is a declaration of a file.
type code struct {
	file *File
	decl ast.Decl
}

// has reports whether a line is one of the declaration.
func (c code) has(path string, line int) bool {
	return c.file.Path == path && c.file.line(start(c.decl)) <= line && line <= c.file.line(c.decl.End())
}

// Collect finds the code of an exercise, whose file must have its function. The helpers are declarations of any file of the
// same package that the released files do not have, and structures that have further fields. Everything else that differs
// from the released files is left out, so it has no effect.
func Collect(e course.Exercise, files, released Files) Part {
	own := helpers(path.Dir(e.File), files, released)
	from := files[e.File]
	p := Part{Exercise: e, released: released, code: []code{{from, from.function(e.Func)}}}
	for next := 0; next < len(p.code); next++ {
		user := p.code[next]
		ast.Inspect(user.decl, func(n ast.Node) bool {
			if name, ok := n.(*ast.Ident); ok {
				for _, c := range own[name.Name] {
					// In another file an exported name is that of a package that the file imports without its name.
					if (c.file == user.file || !name.IsExported() || extended(c, released)) && !slices.Contains(p.code, c) {
						p.code = append(p.code, c)
					}
				}
			}
			return true
		})
	}
	return p
}

// From returns the file of the exercise's function.
func (p Part) From() *File { return p.code[0].file }

// Writes reports whether a line is one of the exercise's function.
func (p Part) Writes(path string, line int) bool { return p.code[0].has(path, line) }

// Reaches reports whether a line is one of the exercise's function or of a helper that it reaches.
func (p Part) Reaches(path string, line int) bool {
	return slices.ContainsFunc(p.code, func(c code) bool { return c.has(path, line) })
}

// helpers lists the helpers in a folder by each name with which code can reach them: a method by its own, and by its type's.
func helpers(folder string, files, released Files) map[string][]code {
	given := map[string]ast.Decl{}
	for name, f := range released {
		if path.Dir(name) == folder {
			for _, d := range f.tree.Decls {
				for _, name := range names(d) {
					given[name] = d
				}
			}
		}
	}
	own := map[string][]code{}
	for name, f := range files {
		if path.Dir(name) != folder {
			continue
		}
		for _, d := range f.tree.Decls {
			all := names(d)
			if slices.ContainsFunc(all, func(name string) bool { return given[name] != nil && !extends(given[name], d) }) || isInit(d) {
				continue
			}
			if d, ok := d.(*ast.FuncDecl); ok && d.Recv != nil {
				all = append(all, d.Name.Name, receiver(d))
			}
			for _, name := range all {
				own[name] = append(own[name], code{f, d})
			}
		}
	}
	return own
}

// extended reports whether a declaration is that of a structure of a released file.
func extended(c code, released Files) bool {
	return slices.ContainsFunc(released[c.file.Path].tree.Decls, func(d ast.Decl) bool { return extends(d, c.decl) })
}

// isInit reports whether a declaration is a function init, which nothing can call.
func isInit(d ast.Decl) bool {
	f, ok := d.(*ast.FuncDecl)
	return ok && f.Recv == nil && f.Name.Name == "init"
}

// extends reports whether a declaration is that of the same structure with further fields. They must have names, since the
// methods of an embedded one could change the meaning of given code.
func extends(given, other ast.Decl) bool {
	g, o := fields(given), fields(other)
	if len(g) == 0 || len(o) <= len(g) {
		return false
	}
	for _, f := range g {
		if !slices.Contains(o, f) {
			return false
		}
	}
	return !slices.ContainsFunc(o, func(f field) bool { return f.name == "" })
}

// field is a field of a structure. An embedded one has no name.
type field struct{ name, kind string }

// fields lists the structure that a declaration declares, if it is one, and its fields.
func fields(d ast.Decl) (list []field) {
	g, ok := d.(*ast.GenDecl)
	if !ok || g.Tok != token.TYPE || len(g.Specs) != 1 {
		return nil
	}
	t := g.Specs[0].(*ast.TypeSpec)
	s, ok := t.Type.(*ast.StructType)
	if !ok || t.TypeParams != nil || t.Assign.IsValid() {
		return nil
	}
	list = append(list, field{t.Name.Name, "struct"})
	for _, f := range s.Fields.List {
		kind := types.ExprString(f.Type)
		if len(f.Names) == 0 {
			list = append(list, field{"", kind})
		}
		for _, name := range f.Names {
			list = append(list, field{name.Name, kind})
		}
	}
	return list
}
