package nn_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// golden decodes a file that testdata/golden.py wrote.
func golden[T any](t *testing.T, name string) T {
	t.Helper()
	var value T
	data, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &value))
	return value
}

// array is a PyTorch tensor in a golden file: {"shape", "data"}, or a plain list for a vector. Its decimals are
// the shortest for the type T.
type array[T float32 | float64] struct {
	Shape []int
	Data  []T
}

func (a *array[T]) UnmarshalJSON(data []byte) error {
	if data[0] == '[' {
		if err := json.Unmarshal(data, &a.Data); err != nil {
			return err
		}
		a.Shape = []int{len(a.Data)}
		return nil
	}
	type plain array[T]
	return json.Unmarshal(data, (*plain)(a))
}

// tensor is the array in double precision.
func (a array[T]) tensor() *tensors.Tensor {
	values := make([]float64, len(a.Data))
	for i, v := range a.Data {
		values[i] = float64(v)
	}
	return tensors.FromFlatDataAndDimensions(values, a.Shape...)
}

// floats lists the values of a tensor of either type.
func floats(x *tensors.Tensor) []float64 {
	if wide, err := tensors.CopyFlatData[float64](x); err == nil {
		return wide
	}
	narrow := tensors.MustCopyFlatData[float32](x)
	return floats(array[float32]{x.Shape().Dimensions, narrow}.tensor())
}

// requireClose compares shapes, and each value with the tolerance relative·|want| + absolute. NaN is close to NaN alone.
func requireClose(t *testing.T, want, got *tensors.Tensor, relative, absolute float64, what string) {
	t.Helper()
	require.Equal(t, want.Shape().Dimensions, got.Shape().Dimensions, what)
	w, g := floats(want), floats(got)
	for i := range w {
		if math.IsNaN(w[i]) && math.IsNaN(g[i]) {
			continue
		}
		if difference := math.Abs(w[i] - g[i]); !(difference <= relative*math.Abs(w[i])+absolute) {
			require.Failf(t, what, "value %d of %d is %v, want %v", i, len(w), g[i], w[i])
		}
	}
}

// set gives parameters values, which may be float64.
func set(t *testing.T, params []*nn.Param, values ...*tensors.Tensor) {
	t.Helper()
	require.Len(t, values, len(params))
	for i, p := range params {
		if values[i].DType() != p.Shape().DType {
			nn.Double(params[i : i+1])
		}
		require.NoError(t, p.SetValue(values[i]), p.Name)
	}
}

// normals draws float64 values with mean 0 and variance 1.
func normals(stream *rng.NumPy, dims ...int) *tensors.Tensor {
	size := 1
	for _, d := range dims {
		size *= d
	}
	values := make([]float64, size)
	stream.Randn(values)
	return tensors.FromFlatDataAndDimensions(values, dims...)
}

// randomize gives parameters normal float64 values.
func randomize(t *testing.T, params []*nn.Param, stream *rng.NumPy) {
	t.Helper()
	for _, p := range params {
		set(t, []*nn.Param{p}, normals(stream, p.Shape().Dimensions...))
	}
}

// derived returns the gradients of Σ y·dy that GoMLX derives.
func derived(y, dy *Node, of ...*Node) []*Node {
	return Gradient(ReduceAllSum(Mul(y, dy)), of...)
}
