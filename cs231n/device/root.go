package device

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/mod/modfile"
)

// modulePath is the first line of this module's go.mod.
const modulePath = "github.com/cs231n-go/assignment3"

// errUntrusted is the error of a checkout that other users can write to.
var errUntrusted = errors.New("not opened")

// root returns the checkout's directory.
//
// The plugin in a checkout is code that runs in this process. The user trusts the checkout that CS231N_ROOT names. Any
// other checkout counts only if no other user can have put the plugin there.
func (m machine) root() (string, error) {
	if root, _ := m.lookup("CS231N_ROOT"); root != "" {
		if !isDir(filepath.Join(root, ".venv")) {
			return "", fmt.Errorf("CS231N_ROOT=%s has no .venv: run `make setup` there", root)
		}
		return root, nil
	}
	dir := m.checkout()
	if dir == "" {
		return "", fmt.Errorf("no checkout in %s or above it: run `make setup` in a checkout, then start the program there or set CS231N_ROOT to it", m.dir)
	}
	venv := filepath.Join(dir, ".venv")
	if !isDir(venv) {
		return "", fmt.Errorf("%s has no .venv: run `make setup` there", dir)
	}
	for _, path := range []string{dir, venv} {
		if err := private(path); err != nil {
			return "", fmt.Errorf("the plugin in %s was %w: %w; take that right away with chown or chmod, or set CS231N_ROOT=%s if you trust the folder",
				venv, errUntrusted, err, dir)
		}
	}
	return dir, nil
}

// checkout returns the checkout whose folder bin has the program, or else the nearest one from the working directory
// upwards. It returns an empty string if there is none.
func (m machine) checkout() string {
	if dir, name := filepath.Split(m.binary); name == "bin" && isCheckout(filepath.Clean(dir)) {
		return filepath.Clean(dir)
	}
	for dir := m.dir; ; dir = filepath.Dir(dir) {
		if isCheckout(dir) {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
	}
}

// isCheckout reports whether the go.mod in dir is this module's.
func isCheckout(dir string) bool {
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	return err == nil && modfile.ModulePath(text) == modulePath
}
