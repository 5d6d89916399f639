// Package cases evaluates the functions of the exercises on inputs that a seed determines. The same code runs in two
// programs: on a student's functions, and on the reference. [Differences] compares the results.
package cases

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/cs231n-go/assignment3/cs231n/arrays"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// Case is one call of the functions of an exercise.
type Case struct {
	Exercise string // the ID
	Name     string // describes the case to a student: "a batch of one"
	Sizes    []int  // of the inputs; their meaning depends on the exercise
	Seed     uint32
	Kind     string // a variation of the inputs, such as "padding"; "" for none
}

// New makes a case of an exercise.
func New(exercise, name string, seed uint32, sizes ...int) Case {
	return Case{Exercise: exercise, Name: name, Sizes: sizes, Seed: seed}
}

// Of returns the case with another kind of inputs.
func (c Case) Of(kind string) Case {
	c.Kind = kind
	return c
}

// Needs lists the exercises whose functions the case calls in addition to those of [course.Needs].
func (c Case) Needs() []string {
	switch {
	case c.Kind != "lstm":
		return nil
	case c.Exercise == "rnn-sample":
		return []string{"lstm-step-forward"}
	}
	return []string{"lstm-step-forward", "lstm-step-backward", "lstm-forward", "lstm-backward"}
}

// Array is a result of a function.
type Array struct {
	Name string
	Dims []int
	Data []byte // float64 values in row-major order, little-endian, since JSON has no infinities
}

// Values decodes the data. An incomplete value at the end is dropped.
func (a Array) Values() []float64 {
	values := make([]float64, len(a.Data)/8)
	for i := range values {
		values[i] = math.Float64frombits(binary.LittleEndian.Uint64(a.Data[8*i:]))
	}
	return values
}

// NewArray makes an array of values in row-major order.
func NewArray(name string, values []float64, dims ...int) Array {
	a := Array{Name: name, Dims: dims, Data: make([]byte, 0, 8*len(values))}
	for _, v := range values {
		a.Data = binary.LittleEndian.AppendUint64(a.Data, math.Float64bits(v))
	}
	return a
}

// Evaluate calls the functions of a case. Where the function of a student panics while it builds a graph, the error is a
// [*Panic].
func Evaluate(backend compute.Backend, c Case) ([]Array, error) {
	sizes, ok := sizes()[c.Exercise]
	if !ok {
		return nil, fmt.Errorf("cases: there is no exercise %q", c.Exercise)
	}
	if len(c.Sizes) != sizes {
		return nil, fmt.Errorf("cases: a case of %s has %d sizes, not %d", c.Exercise, sizes, len(c.Sizes))
	}
	r := &run{Case: c, backend: backend, stream: rng.NewNumPy(c.Seed)}
	var arrays []Array
	err := r.watch(func() (err error) {
		arrays, err = functions()[c.Exercise](r)
		return err
	})
	return arrays, errors.Join(err, r.stream.Err())
}

// run is a case that is being evaluated.
type run struct {
	Case
	backend  compute.Backend
	stream   *rng.NumPy
	panicked *Panic
}

// randn draws an array of standard normals.
func (r *run) randn(dims ...int) *tensors.Tensor { return arrays.Randn(r.stream, dims...) }

// words draws ids below v.
func (r *run) words(v int, dims ...int) *tensors.Tensor {
	return arrays.RandInt(r.stream, v, dims...)
}

// fill replaces the values of parameters, so that they do not depend on the order in which a network drew them. Their
// standard deviation is scale/√(values per row).
func (r *run) fill(params []*nn.Param, scale float64) {
	for _, p := range params {
		dims := p.Shape().Dimensions
		values := make([]float64, p.Shape().Size())
		r.stream.Randn(values)
		fan := max(1, len(values)/max(1, dims[0]))
		narrow := make([]float32, len(values))
		for i := range values {
			values[i] *= scale / math.Sqrt(float64(fan))
			narrow[i] = float32(values[i])
		}
		if p.Shape().DType == dtypes.Float64 {
			p.Value = tensors.FromFlatDataAndDimensions(values, dims...)
		} else {
			p.Value = tensors.FromFlatDataAndDimensions(narrow, dims...)
		}
	}
}

// compute runs a graph over inputs and parameters and names its outputs.
func (r *run) compute(names []string, params []*nn.Param, inputs []any, graph func(p nn.Values, in []*Node) []*Node) ([]Array, error) {
	out, err := nn.Compute(r.backend, params, inputs, func(p nn.Values, in []*Node) (nodes []*Node) {
		defer r.note()
		for i, x := range graph(p, in) {
			if x == nil {
				panic(fmt.Errorf("%s is nil: return a node for every result", name(names, i)))
			}
			nodes = append(nodes, ConvertDType(x, dtypes.Float64))
		}
		return nodes
	})
	if err != nil {
		return nil, err
	}
	arrays := make([]Array, len(out))
	for i, t := range out {
		if arrays[i], err = array(name(names, i), t); err != nil {
			return nil, err
		}
	}
	return arrays, nil
}

func name(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("result %d", i+1)
}

// array copies a tensor.
func array(name string, t *tensors.Tensor) (Array, error) {
	values, err := tensors.CopyFlatData[float64](t)
	if err != nil {
		narrow, err := tensors.CopyFlatData[float32](t)
		if err != nil {
			return Array{}, fmt.Errorf("%s is %s instead of numbers", name, t.Shape())
		}
		for _, v := range narrow {
			values = append(values, float64(v))
		}
	}
	return NewArray(name, values, slices.Clone(t.Shape().Dimensions)...), nil
}

// integers makes an array of word ids.
func integers(name string, rows [][]int32) Array {
	var values []float64
	for _, row := range rows {
		for _, v := range row {
			values = append(values, float64(v))
		}
	}
	return NewArray(name, values, len(rows), len(values)/max(1, len(rows)))
}
