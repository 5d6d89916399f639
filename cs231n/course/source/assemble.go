package source

import (
	"fmt"
	"go/ast"
	"go/token"
	"path/filepath"
	"strings"

	"github.com/cs231n-go/assignment3/cs231n/course"
)

// Part says from which file the function of an exercise is taken.
type Part struct {
	Exercise course.Exercise
	From     *File
}

// Assemble writes a file like blank, in which the functions of some exercises come from other files. Further declarations of
// these files, such as helpers, come with them. Positions in the compiler's messages and in stacks are those of
// the original files.
func Assemble(root string, blank *File, parts []Part) ([]byte, error) {
	chosen := map[string]*File{}
	var from []*File
	for _, p := range parts {
		if chosen[p.Exercise.Func] = p.From; p.From.function(p.Exercise.Func) == nil {
			return nil, fmt.Errorf("source: %s has no function %s", p.From.Path, p.Exercise.Func)
		}
		if !contains(from, p.From) {
			from = append(from, p.From)
		}
	}
	var body strings.Builder
	write := func(f *File, d ast.Decl) {
		fmt.Fprintf(&body, "\n//line %s:%d\n%s\n", filepath.Join(root, f.Path), f.fset.Position(start(d)).Line, f.source(d))
	}
	known := map[string]bool{}
	for _, d := range blank.tree.Decls {
		for _, name := range names(d) {
			known[name] = true
		}
		switch d := d.(type) {
		case *ast.FuncDecl:
			if f := chosen[key(d)]; f != nil {
				write(f, f.function(key(d)))
				continue
			}
		case *ast.GenDecl:
			if d.Tok == token.IMPORT {
				continue
			}
			if f, changed := changedType(d, from); changed != nil {
				write(f, changed)
				continue
			}
		}
		write(blank, d)
	}
	for _, f := range from {
		for _, d := range f.tree.Decls {
			if own := names(d); len(own) > 0 && !known[own[0]] {
				for _, name := range own {
					known[name] = true
				}
				write(f, d)
			}
		}
	}
	head := "package " + blank.tree.Name.Name + "\n"
	imports, err := neededImports(token.NewFileSet(), head+body.String(), trees(append(from, blank))...)
	if err != nil {
		return nil, fmt.Errorf("source: assemble %s: %w", blank.Path, err)
	}
	return []byte(head + imports + body.String()), nil
}

func contains(list []*File, f *File) bool {
	for _, other := range list {
		if other == f {
			return true
		}
	}
	return false
}

func trees(files []*File) []*ast.File {
	var list []*ast.File
	for _, f := range files {
		list = append(list, f.tree)
	}
	return list
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

// changedType finds a declaration of the same type in one of the files that differs from d, such as a cache with further
// fields.
func changedType(d *ast.GenDecl, from []*File) (*File, ast.Decl) {
	own := names(d)
	if d.Tok != token.TYPE || len(own) != 1 {
		return nil, nil
	}
	for _, f := range from {
		for _, other := range f.tree.Decls {
			if g, ok := other.(*ast.GenDecl); ok && g.Tok == token.TYPE {
				if list := names(g); len(list) == 1 && list[0] == own[0] {
					return f, g
				}
			}
		}
	}
	return nil, nil
}
