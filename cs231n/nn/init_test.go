package nn_test

import (
	"math"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// three is a network with one layer of each kind that draws initial values.
func three(stream *rng.Torch) *nn.Network {
	return nn.Sequential(nn.Linear(4, 3, stream), nn.Conv2d(2, 3, 5, stream), nn.ConvTranspose2d(3, 2, 4, stream))
}

// TestInit compares every initial value with PyTorch's, bit for bit.
func TestInit(t *testing.T) {
	t.Parallel()
	type values map[string]struct{ Weight, Bias array[float32] }
	want := golden[map[string]values](t, "init.json")
	stream := rng.NewTorch(231)
	n := three(stream)
	check := func(want values) {
		t.Helper()
		for i, name := range []string{"linear", "conv2d", "conv_transpose2d"} {
			for j, w := range []array[float32]{want[name].Weight, want[name].Bias} {
				p := n.Layers[i].Params()[j]
				require.Equal(t, w.Shape, p.Shape().Dimensions, name)
				require.Equal(t, w.Data, tensors.MustCopyFlatData[float32](p.Value), "%s, parameter %d", name, j)
			}
		}
	}
	check(want["default"])
	nn.XavierUniform(n, stream)
	check(want["xavier"])
}

// TestXavierUniform draws the weights from the GPU's stream, layer by layer. Layers of other kinds keep their values.
func TestXavierUniform(t *testing.T) {
	t.Parallel()
	n := nn.Sequential(append(three(rng.NewTorch(231)).Layers, nn.BatchNorm(7), nn.TanH())...)
	var want [][]float32
	for _, p := range n.Params() {
		want = append(want, tensors.MustCopyFlatData[float32](p.Value))
	}
	nn.XavierUniform(n, rng.NewCUDA(231))

	cuda := rng.NewCUDA(231)
	xavier := func(count, fans int) []float32 {
		bound := math.Sqrt(6 / float64(fans))
		values := make([]float32, count)
		cuda.Uniform(values, -bound, bound)
		return values
	}
	want[0] = xavier(3*4, 3+4)
	want[4] = xavier(3*2*4*4, (3+2)*4*4)
	for i, p := range n.Params() {
		require.InDeltaSlice(t, want[i], tensors.MustCopyFlatData[float32](p.Value), 1e-7, "parameter %d, %s", i, p.Name)
	}
}

// TestNormal draws all matrices from the stream, in order, and sets the biases after them to zero. A normalization layer
// and a bias that follows no matrix keep their values.
func TestNormal(t *testing.T) {
	t.Parallel()
	table := nn.NewParam("table", make([]float32, 3*2), 3, 2)
	params := append(nn.Linear(7, 5, rng.NewTorch(1)).Params(), nn.LayerNorm(5).Params()...)
	params = append(append(params, table), nn.Linear(2, 11, rng.NewTorch(2)).Params()...)
	params = append(params, nn.NewParam("last", make([]float32, 2*2), 2, 2))
	nn.Normal(params, 0.02, rng.NewTorch(231))
	stream := rng.NewTorch(231)
	drawn := func(n int) []float32 {
		values := make([]float32, n)
		stream.Normal(values, 0, 0.02)
		return values
	}
	for i, want := range [][]float32{drawn(5 * 7), make([]float32, 5), {1, 1, 1, 1, 1}, make([]float32, 5), drawn(3 * 2), drawn(11 * 2), make([]float32, 11), drawn(2 * 2)} {
		require.Equal(t, want, tensors.MustCopyFlatData[float32](params[i].Value), "parameter %d", i)
	}
	require.Equal(t, []int{5, 7}, params[0].Shape().Dimensions)
}

// TestInitOptions draws the same values for a convolution with options as without.
func TestInitOptions(t *testing.T) {
	t.Parallel()
	want := nn.Conv2d(3, 2, 5, rng.NewTorch(231)).Params()
	got := nn.Conv2d(3, 2, 5, rng.NewTorch(231), nn.Padding(2)).Params()
	for i := range want {
		require.Equal(t, tensors.MustCopyFlatData[float32](want[i].Value), tensors.MustCopyFlatData[float32](got[i].Value))
	}
}

// TestNoStream builds layers without a stream: weights and biases are zero, but γ is 1.
func TestNoStream(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		module       interface{ Params() []*nn.Param }
		weight, bias []int
		value        float32
	}{
		"linear":               {nn.Linear(5, 3, nil), []int{3, 5}, []int{3}, 0},
		"convolution":          {nn.Conv2d(2, 3, 5, nil), []int{3, 2, 5, 5}, []int{3}, 0},
		"transposed":           {nn.ConvTranspose2d(5, 3, 4, nil), []int{5, 3, 4, 4}, []int{3}, 0},
		"attention":            {nn.MultiHeadAttention(6, 3, nil), []int{6, 6}, []int{6}, 0},
		"batch normalization":  {nn.BatchNorm(7), []int{7}, []int{7}, 1},
		"vector normalization": {nn.LayerNorm(7), []int{7}, []int{7}, 1},
		"group normalization":  {nn.GroupNorm(3, 6), []int{6}, []int{6}, 1},
		"strided":              {nn.Conv2d(2, 3, 4, nil, nn.Stride(2)), []int{3, 2, 4, 4}, []int{3}, 0},
		"table":                {nn.Embedding(5, 3, nil), []int{5, 3}, nil, 0},
	} {
		for i, p := range c.module.Params() {
			dims, value := c.weight, c.value
			if i%2 == 1 {
				dims, value = c.bias, 0
			}
			require.Equal(t, dims, p.Shape().Dimensions, name)
			require.Equal(t, dtypes.Float32, p.Shape().DType, name)
			for _, v := range tensors.MustCopyFlatData[float32](p.Value) {
				require.Equal(t, value, v, name)
			}
		}
	}
}
