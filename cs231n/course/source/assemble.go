package source

import (
	"fmt"
	"go/ast"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
)

// Assemble writes a file like blank, in which the functions of some exercises are those of parts. The helpers that they
// reach come with them. Positions in the compiler's messages and in stacks are those of the original files.
func Assemble(root string, blank *File, parts []Part) ([]byte, error) {
	a := assembly{root: root, blank: blank, chosen: map[string]code{}}
	for _, p := range parts {
		for _, c := range p.code {
			if c.file.Path == blank.Path {
				a.choose(c)
			}
		}
	}
	for _, d := range blank.tree.Decls {
		a.replace(d)
	}
	for _, c := range a.added {
		if !slices.Contains(a.written, c.decl) {
			a.write(c)
		}
	}
	head := "package " + blank.tree.Name.Name + "\n"
	imports, err := neededImports(head+a.body.String(), a.from...)
	if err != nil {
		return nil, fmt.Errorf("source: assemble %s: %w", blank.Path, err)
	}
	return []byte(head + imports + a.body.String()), nil
}

// assembly is a file that is being assembled.
type assembly struct {
	root    string
	blank   *File
	chosen  map[string]code // by the name that they declare
	added   []code          // the same in order
	body    strings.Builder
	written []ast.Decl
	from    []*ast.File // whose imports the file may need
}

// choose takes a declaration into the file. Of several with the same name the first counts.
func (a *assembly) choose(c code) {
	all := names(c.decl)
	if slices.ContainsFunc(all, func(name string) bool { _, ok := a.chosen[name]; return ok }) {
		return
	}
	for _, name := range all {
		a.chosen[name] = c
	}
	a.added = append(a.added, c)
}

// replace writes a declaration of the released file, or the chosen one in its place.
func (a *assembly) replace(d ast.Decl) {
	if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.IMPORT {
		return
	}
	for _, name := range names(d) {
		if c, ok := a.chosen[name]; ok {
			a.write(c)
			return
		}
	}
	a.write(code{a.blank, d})
}

func (a *assembly) write(c code) {
	if !slices.Contains(a.from, c.file.tree) {
		a.from = append(a.from, c.file.tree)
	}
	a.written = append(a.written, c.decl)
	fmt.Fprintf(&a.body, "\n//line %s:%d\n%s\n", filepath.Join(a.root, c.file.Path), c.file.line(start(c.decl)), c.file.source(c.decl))
}

// names lists the names that a declaration declares, but no imports and no blank identifiers.
func names(d ast.Decl) []string {
	var list []string
	switch d := d.(type) {
	case *ast.FuncDecl:
		list = append(list, key(d))
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				list = append(list, spec.Name.Name)
			case *ast.ValueSpec:
				for _, name := range spec.Names {
					if name.Name != "_" {
						list = append(list, name.Name)
					}
				}
			}
		}
	}
	return list
}
