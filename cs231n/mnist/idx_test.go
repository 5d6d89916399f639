package mnist_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/mnist"
)

// idx makes an IDX file: the sizes, then bytes that count up.
func idx(sizes ...uint32) []byte {
	file := []byte{0, 0, 8, byte(len(sizes))}
	total := 1
	for _, size := range sizes {
		file = binary.BigEndian.AppendUint32(file, size)
		total *= int(size)
	}
	for i := range total {
		file = append(file, byte(i))
	}
	return file
}

func zipped(data []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	// A write to memory does not fail.
	_, _ = z.Write(data)
	_ = z.Close()
	return b.Bytes()
}

func TestReadIDX(t *testing.T) {
	t.Parallel()
	for _, sizes := range [][]uint32{{1}, {10}, {3, 5}, {2, 3, 7}} {
		plain := idx(sizes...)
		for _, file := range [][]byte{plain, zipped(plain)} {
			// A reader may return less than requested.
			for _, r := range []io.Reader{bytes.NewReader(file), iotest.OneByteReader(bytes.NewReader(file))} {
				got, err := mnist.ReadIDX(r, "file")
				require.NoError(t, err)
				var dims []int
				for _, size := range sizes {
					dims = append(dims, int(size))
				}
				assert.Equal(t, dims, got.Dims)
				assert.Equal(t, plain[4+4*len(sizes):], got.Data)
			}
		}
	}
}

func TestReadIDXErrors(t *testing.T) {
	t.Parallel()
	good := idx(2, 3, 5)
	with := func(at int, to ...byte) []byte {
		bad := bytes.Clone(good)
		copy(bad[at:], to)
		return bad
	}
	packed := zipped(good)
	flipped := bytes.Clone(packed)
	flipped[len(flipped)-8] ^= 1 // in gzip's checksum
	const huge = 0xff

	for _, test := range []struct {
		name string
		file []byte
		want string
	}{
		{"empty", nil, "no IDX header: EOF"},
		{"short magic", good[:3], "no IDX header: unexpected EOF"},
		{"another file", []byte("\x89PNG\r\n"), "not an IDX file of bytes: it starts with 89 50 4e"},
		{"floats", with(2, 0x0d), "not an IDX file of bytes: it starts with 00 00 0d"},
		{"no dimensions", with(3, 0), "IDX file has 0 dimensions, want 1 to 3"},
		{"many dimensions", with(3, 200), "IDX file has 200 dimensions, want 1 to 3"},
		{"cut in the sizes", good[:11], "IDX header is incomplete: unexpected EOF"},
		{"size 0", with(8, 0, 0, 0, 0), "IDX file has size 0 in dimension 1"},
		{"huge", with(4, huge, huge, huge, huge), "more than the limit of 268435456 bytes"},
		{"overflow", with(4, huge, huge, huge, huge, huge, huge, huge, huge, huge, huge, huge, huge), "more than the limit of 268435456 bytes"},
		{"no data", good[:16], "IDX file is incomplete: 0 of 30 bytes of data"},
		{"cut in the data", good[:45], "IDX file is incomplete: 29 of 30 bytes of data"},
		{"goes on", append(bytes.Clone(good), 0), "IDX file continues after its 30 bytes"},
		{"gzip header", packed[:7], "damaged gzip header: unexpected EOF"},
		{"gzip cut", packed[:len(packed)-9], "unexpected EOF"},
		{"gzip checksum", flipped, "after 30 of 30 bytes of data: gzip: invalid checksum"},
		{"gzip and more", append(bytes.Clone(packed), "something else"...), "gzip: invalid header"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := mnist.ReadIDX(bytes.NewReader(test.file), "some.idx")
			require.ErrorContains(t, err, test.want)
			assert.ErrorContains(t, err, "mnist: some.idx: ")
			assert.NotContains(t, err.Error(), "\n")
		})
	}

	broken := errors.New("broken pipe")
	_, err := mnist.ReadIDX(io.MultiReader(bytes.NewReader(good[:20]), iotest.ErrReader(broken)), "pipe")
	require.ErrorIs(t, err, broken)
	_, err = mnist.ReadIDX(iotest.ErrReader(broken), "pipe")
	require.ErrorIs(t, err, broken)
}

// A header may claim a size that the file does not have, which must not cost memory. Not parallel, since it measures the
// memory of the whole process.
func TestReadIDXTakesNoMemoryForAClaim(t *testing.T) {
	claim := binary.BigEndian.AppendUint32([]byte{0, 0, 8, 1}, 1<<28)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := mnist.ReadIDX(bytes.NewReader(claim), "claim")
	runtime.ReadMemStats(&after)
	require.ErrorContains(t, err, "0 of 268435456 bytes")
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20))
}

// writeSet writes four files; the test set is always sound.
func writeSet(t *testing.T, images, labels []byte) string {
	dir := t.TempDir()
	for name, data := range map[string][]byte{
		"train-images-idx3-ubyte":    images,
		"train-labels-idx1-ubyte.gz": zipped(labels),
		"t10k-images-idx3-ubyte.gz":  zipped(idx(2, 3, 5)),
		"t10k-labels-idx1-ubyte":     idx(2),
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
	return dir
}

func TestLoadFolder(t *testing.T) {
	t.Parallel()
	train, test, err := mnist.Load(writeSet(t, idx(7, 2, 3), idx(7)))
	require.NoError(t, err)
	assert.Equal(t, []int{7, 2, 3, 2, 3, 5}, []int{train.N, train.Rows, train.Cols, test.N, test.Rows, test.Cols})
	assert.Equal(t, []byte{0, 1, 2, 3, 4, 5, 6}, train.Labels)
	assert.Equal(t, []byte{12, 13, 14, 15, 16, 17}, train.Images[12:18])

	dst := make([]float32, 13)
	train.Floats(3, 2, dst)
	for i := range 12 {
		assert.Equal(t, float32(18+i)/255, dst[i])
	}
	assert.Zero(t, dst[12], "beyond the images asked for")
	assert.Panics(t, func() { train.Floats(6, 2, dst) })
	assert.Panics(t, func() { train.Floats(0, 3, dst) })
}

func TestLoadFolderErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name           string
		images, labels []byte
		file, want     string
	}{
		{"counts", idx(7, 2, 3), idx(5), "train-labels-idx1-ubyte.gz", "has 5 labels for the 7 images of"},
		{"label", idx(12, 2, 3), idx(12), "train-labels-idx1-ubyte.gz", "label 10 is 10, want a digit"},
		{"images", idx(7), idx(7), "train-images-idx3-ubyte has 1 dimensions and ", "train-labels-idx1-ubyte.gz 1; want images in 3 and labels in 1"},
		{"labels", idx(7, 2, 3), idx(7, 1), "train-images-idx3-ubyte has 3 dimensions and ", "train-labels-idx1-ubyte.gz 2; want images in 3 and labels in 1"},
		{"damaged", idx(7, 2, 3)[:30], idx(7), "train-images-idx3-ubyte", "incomplete: 14 of 42"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := writeSet(t, test.images, test.labels)
			_, _, err := mnist.Load(dir)
			require.ErrorContains(t, err, test.want)
			assert.ErrorContains(t, err, "mnist: "+filepath.Join(dir, test.file))
		})
	}

	dir := writeSet(t, idx(7, 2, 3), idx(7))
	require.NoError(t, os.Remove(filepath.Join(dir, "t10k-labels-idx1-ubyte")))
	_, _, err := mnist.Load(dir)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, filepath.Join(dir, "t10k-labels-idx1-ubyte.gz"))
}

func FuzzReadIDX(f *testing.F) {
	for _, file := range [][]byte{idx(3), idx(2, 3), idx(2, 3, 5), zipped(idx(2, 3, 5)), idx(4)[:6], {0, 0, 8, 9}} {
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		got, err := mnist.ReadIDX(bytes.NewReader(file), "fuzz")
		if err != nil {
			return
		}
		total := 1
		for _, size := range got.Dims {
			require.Positive(t, size)
			total *= size
		}
		require.Len(t, got.Data, total)
		if file[0] == 0 {
			require.Len(t, file, 4+4*len(got.Dims)+total, "bytes left over")
		}
	})
}
