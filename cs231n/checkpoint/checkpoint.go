// Package checkpoint saves a model's variables and a training run's state in one file.
//
// The file is in the safetensors format (https://huggingface.co/docs/safetensors), so Python's safetensors package can read
// the weights. Saving is atomic: a kill, a crash or a full disk leaves the previous checkpoint unchanged. Loading verifies a
// SHA-256 of the whole content.
//
// GoMLX's own checkpoint package writes in place and ignores the error of a full disk.
package checkpoint

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/nlpodyssey/safetensors"

	"github.com/cs231n-go/assignment3/cs231n/atomicfile"
)

const (
	stateKey  = "state"
	digestKey = "sha256"
)

// dtypeNames maps the element types that a checkpoint supports to those of safetensors.
func dtypeNames() map[dtypes.DType]safetensors.DType {
	return map[dtypes.DType]safetensors.DType{
		dtypes.Float32: safetensors.F32,
		dtypes.Float64: safetensors.F64,
		dtypes.Int64:   safetensors.I64,
		dtypes.Int32:   safetensors.I32,
		dtypes.Uint64:  safetensors.U64,
		dtypes.Uint8:   safetensors.U8,
	}
}

// array is a variable in the file. The library's own TensorView does not support scalars.
type array struct {
	dtype safetensors.DType
	shape []uint64
	data  []byte
}

func (a array) DType() safetensors.DType { return a.dtype }
func (a array) Shape() []uint64          { return a.shape }
func (a array) Data() []byte             { return a.data }
func (a array) DataLen() uint64          { return uint64(len(a.data)) }

// Save writes all variables of store and the JSON encoding of state to path. It replaces an existing file atomically and
// creates the folder of path if necessary.
func Save(path string, store *model.Store, state any) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("checkpoint %s was not saved (a previous one is unchanged): %w", path, err)
		}
	}()
	stateJSON, err := json.Marshal(state)
	if err != nil {
		return err
	}
	arrays := make(map[string]array)
	for v := range store.IterVariables() {
		if arrays[v.Path()], err = fetch(v); err != nil {
			return err
		}
	}
	info := map[string]string{stateKey: string(stateJSON)}
	info[digestKey] = digest(info[stateKey], arrays)

	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := removeLeftovers(path); err != nil {
		return err
	}
	return atomicfile.Write(path, func(file *os.File) error {
		buffered := bufio.NewWriterSize(file, 1<<20)
		if err := safetensors.SerializeToWriter(arrays, info, buffered); err != nil {
			return err
		}
		return buffered.Flush()
	})
}

// removeLeftovers deletes the temporary files that killed saves to path have left.
func removeLeftovers(path string) error {
	dir, name := filepath.Split(path)
	entries, err := os.ReadDir(filepath.Clean(dir))
	for _, entry := range entries {
		if number, ok := strings.CutPrefix(entry.Name(), "."+name); ok && number != "" && strings.Trim(number, "0123456789") == "" {
			err = errors.Join(err, os.Remove(dir+entry.Name()))
		}
	}
	return err
}

// fetch copies a variable from the device.
func fetch(v *model.Variable) (array, error) {
	dtype, ok := dtypeNames()[v.DType()]
	if !ok {
		return array{}, fmt.Errorf("variable %s has the type %s, which checkpoints do not support", v.Path(), v.DType())
	}
	a := array{dtype: dtype, shape: []uint64{}}
	for _, d := range v.Shape().Dimensions {
		a.shape = append(a.shape, uint64(d))
	}
	value, err := v.Value()
	if err != nil {
		return array{}, err
	}
	err = value.ConstBytes(func(b []byte) { a.data = slices.Clone(b) })
	return a, err
}

// Load reads the checkpoint at path: its variables into a new store, its state into the value that state points to. The
// error for a missing file matches [fs.ErrNotExist].
func Load(path string, state any) (*model.Store, error) {
	info, arrays, err := read(path)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("checkpoint %s cannot be used: %w; remove it to start over", path, err)
		}
		return nil, err
	}
	if err := json.Unmarshal([]byte(info[stateKey]), state); err != nil {
		return nil, fmt.Errorf("checkpoint %s: its state has the wrong type: %w", path, err)
	}
	store := model.NewStore()
	for _, name := range slices.Sorted(maps.Keys(arrays)) {
		t, err := arrays[name].tensor()
		if err != nil {
			return nil, fmt.Errorf("checkpoint %s: variable %s: %w", path, name, err)
		}
		if _, err := store.CreateVariable(name, t); err != nil {
			return nil, fmt.Errorf("checkpoint %s: %w", path, err)
		}
	}
	return store, nil
}

// ReadState reads the state of the checkpoint at path without the variables, which may be hundreds of megabytes. It checks
// the header of the file and its length, but not the SHA-256. Errors are as for [Load].
func ReadState(path string, state any) (err error) {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	header, err := readHeader(file)
	if err != nil {
		return fmt.Errorf("checkpoint %s cannot be used: it is damaged or incomplete (%w); remove it to start over", path, err)
	}
	if err := json.Unmarshal([]byte(header.Metadata[stateKey]), state); err != nil {
		return fmt.Errorf("checkpoint %s: its state has the wrong type: %w", path, err)
	}
	return nil
}

// header is the part of a safetensors header that does not describe variables.
type header struct {
	Metadata map[string]string `json:"__metadata__"`
}

// maxHeader is the maximum size of a header in bytes, as in the safetensors format.
const maxHeader = 100_000_000

// readHeader reads the header of a safetensors file: its length in eight bytes, then JSON. It checks the length of the file
// against the offsets of the variables.
func readHeader(file *os.File) (h header, err error) {
	info, err := file.Stat()
	if err != nil {
		return h, err
	}
	var length uint64
	if err := binary.Read(file, binary.LittleEndian, &length); err != nil {
		return h, err
	}
	if length > maxHeader || int64(length) > info.Size()-8 {
		return h, fmt.Errorf("a header of %d bytes in a file of %d bytes", length, info.Size())
	}
	data := make([]byte, length)
	if _, err := io.ReadFull(file, data); err != nil {
		return h, err
	}
	var variables map[string]struct {
		Offsets [2]int64 `json:"data_offsets"`
	}
	if err := errors.Join(json.Unmarshal(data, &h), json.Unmarshal(data, &variables)); err != nil {
		return h, err
	}
	end := int64(0)
	for _, v := range variables {
		end = max(end, v.Offsets[1])
	}
	if want := 8 + int64(length) + end; info.Size() != want {
		return h, fmt.Errorf("the file has %d bytes instead of %d", info.Size(), want)
	}
	if _, ok := h.Metadata[stateKey]; !ok {
		return h, errors.New("it has no training state")
	}
	return h, nil
}

// read parses and verifies the file.
func read(path string) (map[string]string, map[string]array, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	_, meta, err := safetensors.ReadMetadata(data)
	if err != nil {
		return nil, nil, fmt.Errorf("it is damaged or incomplete (%w)", err)
	}
	content, err := safetensors.Deserialize(data)
	if err != nil {
		return nil, nil, fmt.Errorf("it is damaged or incomplete (%w)", err)
	}
	arrays := make(map[string]array)
	for _, t := range content.Tensors() {
		arrays[t.Name] = array{t.TensorView.DType(), t.TensorView.Shape(), t.TensorView.Data()}
	}
	info := meta.Metadata()
	if _, ok := info[stateKey]; !ok {
		return nil, nil, errors.New("it was not written by this program (it has no training state)")
	}
	if digest(info[stateKey], arrays) != info[digestKey] {
		return nil, nil, errors.New("it is damaged (its SHA-256 does not match its content)")
	}
	return info, arrays, nil
}

// digest is the SHA-256 of the state and of every variable's name, type, shape and bytes.
func digest(state string, arrays map[string]array) string {
	hash := sha256.New()
	fmt.Fprintf(hash, "%d %s\n", len(state), state)
	for _, name := range slices.Sorted(maps.Keys(arrays)) {
		a := arrays[name]
		fmt.Fprintf(hash, "%q %s %v %d\n", name, a.dtype, a.shape, len(a.data))
		hash.Write(a.data)
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// tensor copies the array into GoMLX's memory.
func (a array) tensor() (*tensors.Tensor, error) {
	for dtype, name := range dtypeNames() {
		if name != a.dtype {
			continue
		}
		dims := make([]int, len(a.shape))
		for i, d := range a.shape {
			dims[i] = int(d)
		}
		t := tensors.FromShape(shapes.Make(dtype, dims...))
		err := t.MutableBytes(func(b []byte) { copy(b, a.data) })
		return t, err
	}
	return nil, fmt.Errorf("its type %s is not supported", a.dtype)
}
