package coco

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"sync"
	"unsafe"

	"gonum.org/v1/hdf5"

	_ "github.com/cs231n-go/assignment3/cs231n/internal/unlockhdf5" // before the library reads its environment
)

// library serializes all use of the HDF5 library, which keeps global state and may be built without support for threads.
// The lock has to be as global as that state: the one exception to having no globals.
var library sync.Mutex

// withLibrary calls use while nobody else uses the library, and stops the library from printing its error stack. That
// setting belongs to a thread of the operating system, so the goroutine stays on one thread.
func withLibrary(use func() error) error {
	library.Lock()
	defer library.Unlock()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := hdf5.DisplayErrors(false); err != nil {
		return err
	}
	return use()
}

// A file is damaged if one of its data sets claims more bytes than these limits. The check comes before memory is
// allocated.
const (
	maxRatio   = 64       // times the bytes of the file: compression makes captions of 64 bits some 20 times smaller
	leastBytes = 16 << 20 // allowed in any file, for data that are the same throughout
	maxBytes   = 64 << 30 // many times the largest file of the course
)

// number is a type of elements of data sets.
type number interface{ int32 | int64 | float32 }

// typeOf is the type of the elements in the file. Reading converts nothing.
func typeOf[T number]() *hdf5.Datatype {
	switch any(*new(T)).(type) {
	case int32:
		return hdf5.T_STD_I32LE
	case int64:
		return hdf5.T_STD_I64LE
	default:
		return hdf5.T_IEEE_F32LE
	}
}

// reader reads data sets of one file.
type reader struct {
	path string
	size int64
	file *hdf5.File
}

// openHDF5 opens a file and passes it to read.
func openHDF5(path string, read func(r *reader) error) error {
	size, err := sizeOf(path)
	if err != nil {
		return unreadable(err)
	}
	return withLibrary(func() (err error) {
		if !hdf5.IsHDF5(path) {
			return fmt.Errorf("coco: %s is not an HDF5 file, or its beginning is damaged; get it again", path)
		}
		file, err := hdf5.OpenFile(path, hdf5.F_ACC_RDONLY)
		if err != nil {
			return fmt.Errorf("coco: %s cannot be opened, it is damaged or incomplete (%d bytes); get it again", path, size)
		}
		r := &reader{path, size, file}
		defer func() { err = cmp.Or(err, r.damaged(file.Close())) }()
		return read(r)
	})
}

// sizeOf returns the size of a file that can be read. The HDF5 library does not say why it cannot read one.
func sizeOf(path string) (size int64, err error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	if _, err := file.Read(make([]byte, 1)); err != nil && err != io.EOF {
		return 0, err
	}
	return file.Seek(0, io.SeekEnd)
}

// damaged adds the file to an error about its content. It returns nil for nil.
func (r *reader) damaged(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("coco: %s: %w; get the file again", r.path, err)
}

// errorf makes an error that starts with the file and the data set.
func (r *reader) errorf(name, format string, args ...any) error {
	return fmt.Errorf("coco: %s: data set %s %w", r.path, name, fmt.Errorf(format, args...))
}

// set is an open data set.
type set struct {
	*hdf5.Dataset
	r    *reader
	name string
	dims []int
}

// open opens a data set of the given rank and passes it to use.
func (r *reader) open(name string, rank int, use func(s set) error) (err error) {
	data, err := r.file.OpenDataset(name)
	if err != nil {
		return r.errorf(name, "is missing; check that this is the right file")
	}
	defer func() { err = cmp.Or(err, data.Close()) }()
	space := data.Space()
	if space == nil {
		return r.errorf(name, "has no shape, the file is damaged")
	}
	defer space.Close()
	if got := space.SimpleExtentNDims(); got != rank {
		return r.errorf(name, "has %d axes instead of %d", got, rank)
	}
	extent, _, err := space.SimpleExtentDims()
	if err != nil || slices.Contains(extent, 0) {
		return r.errorf(name, "is empty or damaged, its shape is %v", extent)
	}
	s := set{data, r, name, nil}
	for _, d := range extent {
		s.dims = append(s.dims, int(d))
	}
	return use(s)
}

// read reads a whole data set into one slice.
func read[T number](s set) ([]T, error) {
	size, limit := 1, int(max(min(s.r.size, maxBytes/maxRatio)*maxRatio, leastBytes))/int(unsafe.Sizeof(*new(T)))
	for _, d := range s.dims {
		if d < 1 || size > limit/d { // a size that does not fit an int is below 1
			return nil, s.r.errorf(s.name, "claims the shape %v, which a file of %d bytes cannot hold; it is damaged, get it again", s.dims, s.r.size)
		}
		size *= d
	}
	values := make([]T, size)
	hugePages(values)
	if err := s.Read(&values); err != nil {
		return nil, s.r.errorf(s.name, "cannot be read, the file is damaged or incomplete (%d bytes); get it again", s.r.size)
	}
	return values, nil
}

// holds reports whether a data set has elements of type T.
func holds[T number](s set) bool {
	dtype, err := s.Datatype()
	if err != nil {
		return false
	}
	defer dtype.Close()
	return dtype.Equal(typeOf[T]())
}

// ids reads integers of 32 or 64 bits.
func (r *reader) ids(name string, rank int) (ids []int32, dims []int, err error) {
	err = r.open(name, rank, func(s set) (err error) {
		dims = s.dims
		switch {
		case holds[int32](s):
			ids, err = read[int32](s)
			return err
		case !holds[int64](s):
			return r.errorf(name, "does not hold int32 or int64, little-endian")
		}
		wide, err := read[int64](s)
		ids = make([]int32, len(wide))
		for i, v := range wide {
			if ids[i] = int32(v); int64(ids[i]) != v {
				return r.errorf(name, "holds %d in row %d, which does not fit 32 bits", v, i/(len(wide)/dims[0]))
			}
		}
		return err
	})
	return ids, dims, err
}
