package nn_test

import (
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// TestEmbedding compares vectors and gradient with PyTorch and with the gradient that GoMLX derives. Some labels are
// missing, others occur several times.
func TestEmbedding(t *testing.T) {
	t.Parallel()
	c := golden[map[string]struct {
		Labels                 []int32
		Y, DY, Weight, DWeight array[float32]
	}](t, "layers.json")["embedding"]
	require.NotEmpty(t, c.Labels)
	layer := nn.Embedding(5, 3, nil)
	set(t, layer.Params(), c.Weight.tensor())
	out, err := nn.Compute(testbackend.Get(t), layer.Params(), []any{c.Labels, c.DY.tensor()}, func(p nn.Values, in []*Node) []*Node {
		y, back := layer.Forward(p, in[0])
		dx, dparams := back(in[1])
		require.Nil(t, dx)
		return append(append([]*Node{y}, dparams...), derived(y, in[1], p.Of(layer.Params())...)...)
	})
	require.NoError(t, err)
	require.Len(t, out, 3)
	requireClose(t, c.Y.tensor(), out[0], 6e-8, 0, "y")
	requireClose(t, c.DWeight.tensor(), out[1], 6e-8, 1e-13, "dweight")
	requireClose(t, c.DWeight.tensor(), out[2], 6e-8, 1e-13, "GoMLX's dweight")
}

// TestEmbeddingInit draws the vectors as torch.nn.Embedding does, from a standard normal distribution. Labels may have any
// shape, and the vectors keep their type.
func TestEmbeddingInit(t *testing.T) {
	t.Parallel()
	const num, dim = 7, 3
	layer, want := nn.Embedding(num, dim, rng.NewTorch(231)), make([]float32, num*dim)
	rng.NewTorch(231).Normal(want, 0, 1)
	require.Equal(t, want, tensors.MustCopyFlatData[float32](layer.Params()[0].Value))
	require.Equal(t, num*dim, nn.CountParams(layer))
	for name, c := range map[string]struct {
		labels any
		dims   []int
	}{
		"one":    {[]int32{6}, []int{1, dim}},
		"matrix": {[][]int64{{0, 6}, {3, 2}, {1, 1}}, []int{3, 2, dim}},
		"scalar": {uint8(4), []int{dim}},
	} {
		out, err := nn.Compute(testbackend.Get(t), layer.Params(), []any{c.labels}, func(p nn.Values, in []*Node) []*Node {
			y, back := layer.Forward(p, in[0])
			_, dparams := back(OnesLike(y))
			return []*Node{y, dparams[0], ReduceAllSum(ConvertDType(in[0], dtypes.Float32))}
		})
		require.NoError(t, err, name)
		require.Equal(t, c.dims, out[0].Shape().Dimensions, name)
		require.Equal(t, []int{num, dim}, out[1].Shape().Dimensions, name)
		last := tensors.MustCopyFlatData[float32](out[0])
		require.Contains(t, [][]float32{want[6*dim:], want[dim : 2*dim], want[4*dim : 5*dim]}, last[len(last)-dim:], name)
	}
}

// TestSinusoids compares the encoding with PyTorch, in the type of the times.
func TestSinusoids(t *testing.T) {
	t.Parallel()
	c := golden[map[string]struct{ X, Y array[float32] }](t, "layers.json")["sinusoids"]
	require.NotEmpty(t, c.X.Data)
	out, err := nn.Compute(testbackend.Get(t), nil, []any{c.X.tensor(), c.X.Data}, func(_ nn.Values, in []*Node) []*Node {
		return []*Node{nn.Sinusoids(in[0], 10), nn.Sinusoids(in[1], 10)}
	})
	require.NoError(t, err)
	requireClose(t, c.Y.tensor(), out[0], 6e-8, 1e-12, "float64")
	require.Equal(t, dtypes.Float32, out[1].DType())
	requireClose(t, c.Y.tensor(), out[1], 0, 1e-4, "float32") // an angle of 1000 has 4 digits behind the comma
}

func TestSinusoidsRefuses(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]struct {
		t     any
		width int
	}{
		`nn: Sinusoids of (Float32)[2] with width 3: want a vector of floats and an even width`: {[]float32{1, 2}, 3},
		`nn: Sinusoids of (Float32)[2] with width 0`:                                            {[]float32{1, 2}, 0},
		`nn: Sinusoids of (Float32)[2] with width -2`:                                           {[]float32{1, 2}, -2},
		`nn: Sinusoids of (Int32)[1] with width 4`:                                              {[]int32{1}, 4},
		`nn: Sinusoids of (Float32) with width 4`:                                               {float32(1), 4},
		`nn: Sinusoids of (Float32)[1, 1] with width 4`:                                         {[][]float32{{1}}, 4},
	} {
		_, err := nn.Compute(testbackend.Get(t), nil, []any{c.t}, func(_ nn.Values, in []*Node) []*Node {
			return []*Node{nn.Sinusoids(in[0], c.width)}
		})
		require.ErrorContains(t, err, want)
	}
}
