package mnist

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
)

const (
	maxDims = 3
	maxSize = 1 << 28 // bytes of data; MNIST's largest file has 47 million
)

// IDX is an array of bytes from an IDX file.
type IDX struct {
	Dims []int  // sizes of the dimensions, the slowest first
	Data []byte // elements in row-major order
	name string // of the file, for errors
}

// ReadIDX reads an IDX file of unsigned bytes, compressed by gzip or not:
//
//	0 0 8 d       two zeros, the element type, the number of dimensions
//	size₁ … size_d  32 bits each, big-endian
//	elements      size₁·…·size_d bytes
//
// Errors start with name. It is an error if the file has another element type, more than three dimensions, a dimension of
// size 0, more than 256 MiB of data, or bytes after the data, or if it is damaged or incomplete. ReadIDX checks sizes
// before it allocates memory, and allocates no more than the file has data for.
//
// Source: "The IDX file format", http://yann.lecun.com/exdb/mnist/.
func ReadIDX(r io.Reader, name string) (idx IDX, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("mnist: %s: %w", name, err)
		}
	}()
	buffered := bufio.NewReader(r)
	r = buffered
	// The first read returns the error of Peek again.
	if start, _ := buffered.Peek(2); bytes.Equal(start, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(buffered)
		if err != nil {
			return IDX{}, fmt.Errorf("damaged gzip header: %w", err)
		}
		r = z
	}

	var magic [4]byte
	if _, err := io.ReadFull(r, magic[:]); err != nil {
		return IDX{}, fmt.Errorf("no IDX header: %w", err)
	}
	if magic[0] != 0 || magic[1] != 0 || magic[2] != 8 {
		return IDX{}, fmt.Errorf("not an IDX file of bytes: it starts with % x instead of 00 00 08", magic[:3])
	}
	if magic[3] < 1 || magic[3] > maxDims {
		return IDX{}, fmt.Errorf("IDX file has %d dimensions, want 1 to %d", magic[3], maxDims)
	}
	dims, total, err := readDims(r, int(magic[3]))
	if err != nil {
		return IDX{}, err
	}

	// One byte more than expected shows that a file continues. Reading to the end makes gzip check its checksum.
	data, err := readUpTo(r, total+1)
	switch {
	case err != nil:
		return IDX{}, fmt.Errorf("after %d of %d bytes of data: %w", len(data), total, err)
	case int64(len(data)) < total:
		return IDX{}, fmt.Errorf("IDX file is incomplete: %d of %d bytes of data", len(data), total)
	case int64(len(data)) > total:
		return IDX{}, fmt.Errorf("IDX file continues after its %d bytes of data", total)
	}
	// Without Clip, slicing beyond the last image would return zeros instead of a panic.
	return IDX{dims, slices.Clip(data), name}, nil
}

// readDims reads the sizes of n dimensions and returns them with their product.
func readDims(r io.Reader, n int) (dims []int, total int64, err error) {
	sizes := make([]uint32, n)
	if err := binary.Read(r, binary.BigEndian, sizes); err != nil {
		return nil, 0, fmt.Errorf("IDX header is incomplete: %w", err)
	}
	total = 1
	for i, size := range sizes {
		if size == 0 {
			return nil, 0, fmt.Errorf("IDX file has size 0 in dimension %d", i)
		}
		// At most 2²⁸·2³²: no overflow.
		if total *= int64(size); total > maxSize {
			return nil, 0, fmt.Errorf("IDX file claims sizes %d, more than the limit of %d bytes", sizes, maxSize)
		}
		dims = append(dims, int(size))
	}
	return dims, total, nil
}

// readUpTo reads n bytes, or fewer if r ends before. Each time the buffer is full, it grows fourfold. That copies less than
// io.ReadAll, and still allocates at most four times what r has.
func readUpTo(r io.Reader, n int64) ([]byte, error) {
	data := make([]byte, 0, min(n, 1<<16))
	for int64(len(data)) < n {
		if len(data) == cap(data) {
			larger := make([]byte, len(data), min(n, 4*int64(cap(data))))
			copy(larger, data)
			data = larger
		}
		k, err := r.Read(data[len(data):cap(data)])
		data = data[:len(data)+k]
		if err == io.EOF {
			break
		}
		if err != nil {
			return data, err
		}
	}
	return data, nil
}
