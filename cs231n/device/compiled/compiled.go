// Package compiled keeps XLA's compiled programs in files, so that XLA compiles a program once and not in every process that
// runs it. Each cell of a notebook is a separate process.
//
// PJRT can write a compiled program into bytes and read it back. go-xla has no function for that, so this package puts its own
// function into the plugin's table in the place of the one that compiles.
package compiled

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/cs231n-go/assignment3/cs231n/atomicfile"
)

// MaxBytes bounds the files of a cache. When they need more, it removes those that were not used for the longest time.
const MaxBytes = 512 << 20

// extension is the end of the names of the files.
const extension = ".xla"

// A Cache keeps programs in the files of a folder. Several processes can use it at once.
type Cache struct {
	dir      string
	settings []byte
	limit    int64
}

// New returns the cache in a folder, which must exist. Nobody but the user may be able to write to it, since the programs run in
// the user's processes. The settings are everything else that a compiled program depends on, such as the kind of processor
// and the options of the compiler: programs that were compiled with other settings are not found.
func New(dir string, settings ...string) *Cache {
	c := &Cache{dir: dir, limit: MaxBytes}
	for _, s := range settings {
		c.settings = appendBytes(c.settings, []byte(s))
	}
	return c
}

// appendBytes appends a length and bytes, so that no two lists of parts give the same bytes.
func appendBytes(to, part []byte) []byte {
	return append(binary.LittleEndian.AppendUint64(to, uint64(len(part))), part...)
}

// path is the file of a program, whose parts are its code, its format and the compiler's options.
func (c *Cache) path(parts ...[]byte) string {
	key := slices.Clone(c.settings)
	for _, p := range parts {
		key = appendBytes(key, p)
	}
	sum := sha256.Sum256(key)
	return filepath.Join(c.dir, hex.EncodeToString(sum[:])+extension)
}

var errDamaged = errors.New("damaged")

// read returns the compiled program in a file and marks it as used. A file begins with the checksum of the rest.
func read(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(data) <= sha256.Size {
		return nil, errDamaged
	}
	sum, program := data[:sha256.Size], data[sha256.Size:]
	if want := sha256.Sum256(program); !bytes.Equal(sum, want[:]) {
		return nil, errDamaged
	}
	now := time.Now()
	_ = os.Chtimes(path, now, now) // a program that cannot be marked, as in a read-only folder, can still run
	return program, nil
}

// write writes the file of a compiled program and makes room for it.
func (c *Cache) write(path string, program []byte) error {
	size := int64(sha256.Size + len(program))
	if size > c.limit/2 {
		return nil
	}
	if err := c.shrink(c.limit - size); err != nil {
		return err
	}
	sum := sha256.Sum256(program)
	return atomicfile.WriteBytes(path, append(sum[:], program...))
}

// shrink removes the files that were not used for the longest time, until all have at most limit bytes.
func (c *Cache) shrink(limit int64) error {
	files, err := list(c.dir)
	if err != nil {
		return err
	}
	slices.SortFunc(files, func(a, b fs.FileInfo) int { return cmp.Compare(b.ModTime().UnixNano(), a.ModTime().UnixNano()) })
	var total int64
	for _, f := range files {
		if total += f.Size(); total > limit {
			err = errors.Join(err, os.Remove(filepath.Join(c.dir, f.Name())))
		}
	}
	return err
}

// list lists the programs in a folder.
func list(dir string) (files []fs.FileInfo, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if filepath.Ext(e.Name()) != extension {
			continue
		}
		if info, err := e.Info(); err == nil { // else another process removed it
			files = append(files, info)
		}
	}
	return files, nil
}

// Size returns the number of programs in a folder and their bytes.
func Size(dir string) (programs int, bytes int64, err error) {
	files, err := list(dir)
	for _, f := range files {
		bytes += f.Size()
	}
	return len(files), bytes, err
}
