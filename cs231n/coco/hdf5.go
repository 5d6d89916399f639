package coco

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"sync"
	"unsafe"

	"gonum.org/v1/hdf5"
)

// library serialises all use of the HDF5 library, which keeps global state and may be built without support
// for threads. The lock has to be as global as that state: the one exception to having no globals.
var library sync.Mutex

// withLibrary calls use while nobody else uses the library, and keeps the library from printing its own stack
// of errors. It prints per thread of the operating system, so the goroutine has to stay on one.
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

// A data set that claims more bytes than these limits allow belongs to a damaged file, and is refused before
// memory is asked for.
const (
	maxRatio   = 64       // to the bytes of the file: HDF5's compression makes captions of 64 bits some 20 times smaller
	leastBytes = 16 << 20 // that any file may claim, for one that is the same throughout
	maxBytes   = 64 << 30 // many times the largest file of the course
)

// number is a type of elements that data sets hold.
type number interface{ int32 | int64 | float32 }

// typeOf is how the elements lie in the file. They are read as they lie there: nothing is converted.
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
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return missing(err)
	case err != nil:
		return fmt.Errorf("coco: %w", err)
	}
	return withLibrary(func() error { return readHDF5(path, info.Size(), read) })
}

func readHDF5(path string, size int64, read func(r *reader) error) (err error) {
	if !hdf5.IsHDF5(path) {
		return fmt.Errorf("coco: %s is not an HDF5 file, or only the beginning of one; get it again", path)
	}
	file, err := hdf5.OpenFile(path, hdf5.F_ACC_RDONLY)
	if err != nil {
		return fmt.Errorf("coco: %s cannot be opened, it is damaged or only half there (%d bytes); get it again", path, size)
	}
	defer func() {
		if closeErr := file.Close(); err == nil && closeErr != nil {
			err = fmt.Errorf("coco: %s: %w", path, closeErr)
		}
	}()
	return read(&reader{path, size, file})
}

// errorf begins an error with the file and the data set.
func (r *reader) errorf(name, format string, args ...any) error {
	return fmt.Errorf("coco: %s: data set %s %w", r.path, name, fmt.Errorf(format, args...))
}

// dataset opens a data set of the given rank and returns its dimensions.
func (r *reader) dataset(name string, rank int) (*hdf5.Dataset, []int, error) {
	set, err := r.file.OpenDataset(name)
	if err != nil {
		return nil, nil, r.errorf(name, "is not there; is this the right file?")
	}
	fail := func(format string, args ...any) (*hdf5.Dataset, []int, error) {
		return nil, nil, errors.Join(r.errorf(name, format, args...), set.Close())
	}
	space := set.Space()
	if space == nil {
		return fail("has no shape, the file is damaged")
	}
	defer space.Close()
	if got := space.SimpleExtentNDims(); got != rank {
		return fail("has %d axes instead of %d", got, rank)
	}
	extent, _, err := space.SimpleExtentDims()
	if err != nil {
		return fail("has no shape, the file is damaged")
	}
	var dims []int
	for _, d := range extent {
		if d == 0 {
			return fail("is empty, its shape is %v", extent)
		}
		dims = append(dims, int(d))
	}
	return set, dims, nil
}

// read reads a whole data set into one slice.
func read[T number](r *reader, name string, set *hdf5.Dataset, dims []int) ([]T, error) {
	size, limit := 1, int(max(min(r.size, maxBytes/maxRatio)*maxRatio, leastBytes))/int(unsafe.Sizeof(*new(T)))
	for _, d := range dims {
		if d < 1 || size > limit/d { // below 1 is what does not fit an int
			return nil, r.errorf(name, "claims the shape %v, which a file of %d bytes cannot hold; it is damaged, get it again", dims, r.size)
		}
		size *= d
	}
	values := make([]T, size)
	hugePages(values)
	if err := set.Read(&values); err != nil {
		return nil, r.errorf(name, "cannot be read, the file is damaged or only half there (%d bytes); get it again", r.size)
	}
	return values, nil
}

// holds reports whether a data set has elements of type T.
func holds[T number](set *hdf5.Dataset) bool {
	dtype, err := set.Datatype()
	if err != nil {
		return false
	}
	defer dtype.Close()
	return dtype.Equal(typeOf[T]())
}

// floats reads a matrix of float32 with so many rows, for images that a list beside it names.
func (r *reader) floats(name string, rows int) (values []float32, dims []int, err error) {
	set, dims, err := r.dataset(name, 2)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	if !holds[float32](set) {
		return nil, nil, r.errorf(name, "does not hold float32, little-endian")
	}
	if dims[0] != rows {
		return nil, nil, r.errorf(name, "has %d images, but the list of addresses beside it %d", dims[0], rows)
	}
	values, err = read[float32](r, name, set, dims)
	return values, dims, err
}

// ids reads whole numbers of 32 or 64 bits that are at least 0 and below limit.
func (r *reader) ids(name string, rank, limit int, what string) (values []int32, dims []int, err error) {
	set, dims, err := r.dataset(name, rank)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	switch {
	case holds[int32](set):
		if values, err = read[int32](r, name, set, dims); err != nil {
			return nil, nil, err
		}
		return values, dims, within(r, name, values, dims[0], limit, what)
	case holds[int64](set):
		wide, err := read[int64](r, name, set, dims)
		if err != nil {
			return nil, nil, err
		}
		values = make([]int32, len(wide))
		for i, v := range wide {
			values[i] = int32(v)
		}
		return values, dims, within(r, name, wide, dims[0], limit, what) // as they were before they were cut to 32 bits
	default:
		return nil, nil, r.errorf(name, "does not hold int32 or int64, little-endian")
	}
}

// within checks that the values of so many rows are at least 0 and below limit.
func within[T int32 | int64](r *reader, name string, values []T, rows, limit int, what string) error {
	for i, v := range values {
		if v < 0 || int(v) >= limit {
			return r.errorf(name, "holds %d in row %d, outside the %d %s", v, i/(len(values)/rows), limit, what)
		}
	}
	return nil
}
