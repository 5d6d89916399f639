package nn_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// layerCase is an entry of layers.json. Seed, Rate and Mask are those of dropout.
type layerCase struct {
	X, Y, DY, DX                 array[float32]
	Weight, DWeight, Bias, DBias *array[float32]
	Seed                         uint32
	Rate                         float64
	Mask                         array[float32]
}

// TestLayers compares each layer with PyTorch in float64: its output, the gradients of its backward pass, and the gradients
// that GoMLX derives from its forward pass.
func TestLayers(t *testing.T) {
	t.Parallel()
	cases := golden[map[string]layerCase](t, "layers.json")
	layers := map[string]func() nn.Layer{
		"conv2d":                       func() nn.Layer { return nn.Conv2d(3, 4, 5, nil) },
		"conv2d_one_channel":           func() nn.Layer { return nn.Conv2d(1, 4, 3, nil) },
		"max_pool":                     nn.MaxPool2d,
		"conv_transpose2d":             func() nn.Layer { return nn.ConvTranspose2d(5, 3, 4, nil) },
		"conv_transpose2d_one_channel": func() nn.Layer { return nn.ConvTranspose2d(5, 1, 4, nil) },
		"conv_transpose2d_blocks":      func() nn.Layer { return nn.ConvTranspose2d(3, 2, 2, nil) },
		"conv_transpose2d_large":       func() nn.Layer { return nn.ConvTranspose2d(3, 2, 6, nil) },
		"conv_transpose2d_one_input":   func() nn.Layer { return nn.ConvTranspose2d(1, 2, 4, nil) },
		"batch_norm1d":                 func() nn.Layer { return nn.BatchNorm(5) },
		"batch_norm2d":                 func() nn.Layer { return nn.BatchNorm(3) },
		"leaky_relu":                   func() nn.Layer { return nn.LeakyReLU(0.01) },
		"relu":                         nn.ReLU,
		"linear":                       func() nn.Layer { return nn.Linear(5, 3, nil) },
		"linear3d":                     func() nn.Layer { return nn.Linear(5, 3, nil) },
		"tanh":                         nn.TanH,
		"flatten":                      nn.Flatten,
		"unflatten":                    func() nn.Layer { return nn.Unflatten(3, 5, 7) },
		"layer_norm":                   func() nn.Layer { return nn.LayerNorm(7) },
		"layer_norm_rows":              func() nn.Layer { return nn.LayerNorm(5) },
		"conv2d_padding":               func() nn.Layer { return nn.Conv2d(3, 4, 3, nil, nn.Padding(1)) },
		"conv2d_wide_padding":          func() nn.Layer { return nn.Conv2d(2, 3, 3, nil, nn.Padding(2)) },
		"conv2d_pointwise":             func() nn.Layer { return nn.Conv2d(3, 5, 1, nil) },
		"conv2d_pointwise_one_pixel":   func() nn.Layer { return nn.Conv2d(3, 2, 1, nil) },
		"conv2d_strided":               func() nn.Layer { return nn.Conv2d(3, 5, 4, nil, nn.Stride(2), nn.Padding(1)) },
		"conv2d_strided_one_channel":   func() nn.Layer { return nn.Conv2d(1, 3, 4, nil, nn.Stride(2), nn.Padding(1)) },
		"conv2d_strided_blocks":        func() nn.Layer { return nn.Conv2d(2, 3, 2, nil, nn.Stride(2)) },
		"conv2d_strided_large":         func() nn.Layer { return nn.Conv2d(2, 3, 6, nil, nn.Padding(2), nn.Stride(2)) },
		"group_norm":                   func() nn.Layer { return nn.GroupNorm(3, 6) },
		"group_norm_rows":              func() nn.Layer { return nn.GroupNorm(2, 10) },
		"group_norm_one_group":         func() nn.Layer { return nn.GroupNorm(1, 5) },
		"group_norm_channels":          func() nn.Layer { return nn.GroupNorm(3, 3) },
		"silu":                         nn.SiLU,
	}
	require.Len(t, cases, len(layers)+3, "every case but dropout, embedding and sinusoids has a layer here")
	for name, layer := range layers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, layer := cases[name], layer()
			want := []*tensors.Tensor{c.Y.tensor(), c.DX.tensor()}
			if c.Weight != nil {
				set(t, layer.Params(), c.Weight.tensor(), c.Bias.tensor())
				want = append(want, c.DWeight.tensor(), c.DBias.tensor())
			}
			// GoMLX has no gradient of Pad, and a wrong one of a convolution with an even kernel.
			canDerive := !strings.HasPrefix(name, "conv_transpose2d") && !strings.HasPrefix(name, "conv2d_strided")
			out, err := nn.Compute(testbackend.Get(t), layer.Params(), []any{c.X.tensor(), c.DY.tensor()}, func(p nn.Values, in []*Node) []*Node {
				x, dy := channelsLast(in[0]), channelsLast(in[1])
				y, back := layer.Forward(p, x)
				dx, dparams := back(dy)
				all := append([]*Node{channelsFirst(y), channelsFirst(dx)}, dparams...)
				if canDerive {
					all = append(all, derived(y, dy, append([]*Node{in[0]}, p.Of(layer.Params())...)...)...)
				}
				return all
			})
			require.NoError(t, err)
			for i, name := range []string{"y", "dx", "dweight", "dbias"}[:len(want)] {
				requireClose(t, want[i], out[i], 6e-8, 1e-13, name) // the golden values are rounded to float32
				if i > 0 && canDerive {
					requireClose(t, want[i], out[len(want)+i-1], 6e-8, 1e-13, "GoMLX's "+name)
				}
			}
		})
	}
}

// channelsLast and channelsFirst convert images between PyTorch's layout and this package's.
func channelsLast(x *Node) *Node {
	if x.Rank() == 4 {
		return TransposeAllAxes(x, 0, 2, 3, 1)
	}
	return x
}

func channelsFirst(x *Node) *Node {
	if x.Rank() == 4 {
		return TransposeAllAxes(x, 0, 3, 1, 2)
	}
	return x
}

func TestFlattenIsChannelsFirst(t *testing.T) {
	t.Parallel()
	x := make([]float32, 2*3*5*7)
	for i := range x {
		x[i] = float32(i)
	}
	out, err := nn.Compute(testbackend.Get(t), nil, []any{tensors.FromFlatDataAndDimensions(x, 2, 3*5*7)}, func(_ nn.Values, in []*Node) []*Node {
		images, _ := nn.Unflatten(3, 5, 7).Forward(nil, in[0])
		rows, _ := nn.Flatten().Forward(nil, images)
		return []*Node{rows, images}
	})
	require.NoError(t, err)
	require.Equal(t, x, tensors.MustCopyFlatData[float32](out[0]), "Flatten undoes Unflatten")
	require.Equal(t, []int{2, 5, 7, 3}, out[1].Shape().Dimensions)
	images := tensors.MustCopyFlatData[float32](out[1])
	require.Equal(t, []float32{0, 35, 70, 1}, images[:4], "pixel (0, 0) of the three channels, then (0, 1)")
}

// TestFlattenShapes runs inputs of several ranks through Flatten and its backward pass.
func TestFlattenShapes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ dims, flat []int }{
		{[]int{2, 3}, []int{2, 3}},
		{[]int{2, 3, 5}, []int{2, 15}},
		{[]int{2, 3, 5, 7}, []int{2, 105}},
		{[]int{2, 3, 5, 1}, []int{2, 15}},
		{[]int{2, 1, 1, 3}, []int{2, 3}},
	} {
		x := normals(rng.NewNumPy(3), c.dims...)
		out, err := nn.Compute(testbackend.Get(t), nil, []any{x}, func(_ nn.Values, in []*Node) []*Node {
			y, back := nn.Flatten().Forward(nil, in[0])
			dx, none := back(y)
			require.Empty(t, none)
			return []*Node{y, dx}
		})
		require.NoError(t, err)
		require.Equal(t, c.flat, out[0].Shape().Dimensions)
		requireClose(t, x, out[1], 0, 0, "round trip")
	}
}

func TestLayersRefuseWrongShapes(t *testing.T) {
	t.Parallel()
	conv := nn.Conv2d(1, 1, 3, nil)
	strided := nn.Conv2d(3, 2, 4, nil, nn.Stride(2), nn.Padding(1))
	for _, c := range []struct {
		name    string
		layer   nn.Layer
		dims    []int
		wantErr string
	}{
		{"pool of odd height", nn.MaxPool2d(), []int{2, 5, 4, 1}, `even height and width, got \(Float32\)\[2, 5, 4, 1\]`},
		{"pool of odd width", nn.MaxPool2d(), []int{2, 4, 5, 1}, "even height and width"},
		{"pool of rows", nn.MaxPool2d(), []int{2, 4, 4}, "even height and width"},
		{"unflatten", nn.Unflatten(3, 5, 7), []int{2, 104}, `Unflatten\(3, 5, 7\) needs rows of 105 values, got \(Float32\)\[2, 104\]`},
		{"linear", nn.Linear(5, 3, nil), []int{2, 7}, "the input has 7 features"},
		{"odd height before a pool", nn.Sequential(conv, nn.ReLU(), nn.MaxPool2d()), []int{2, 7, 6, 1}, "cannot be split into windows of 4×4"},
		{"odd width before a pool", nn.Sequential(conv, nn.ReLU(), nn.MaxPool2d()), []int{2, 6, 7, 1}, "cannot be split into windows of 4×4"},
		{"rows before a pool", nn.Sequential(conv, nn.ReLU(), nn.MaxPool2d()), []int{2, 6, 4}, "cannot be split into windows of 4×4"},
		{"rows to a convolution", conv, []int{2, 9, 9}, `Conv2d with a 3×3 kernel, stride 1 and padding 0 of \(Float32\)\[2, 9, 9\]: want images \(N, H, W, 1\)`},
		{"other channels", conv, []int{2, 9, 9, 3}, `want images \(N, H, W, 1\)`},
		{"an image lower than the kernel", conv, []int{2, 2, 9, 1}, "with their padding not smaller than the kernel"},
		{"an image narrower than the kernel", conv, []int{2, 9, 2, 1}, "with their padding not smaller than the kernel"},
		{"odd height with stride 2", strided, []int{2, 7, 6, 3}, `stride 2 and padding 1 of .*H and W divisible by the stride`},
		{"odd width with stride 2", strided, []int{2, 6, 7, 3}, "divisible by the stride"},
		{"empty image with stride 2", strided, []int{2, 0, 6, 3}, "with their padding not smaller than the kernel"},
		{"channels of groups", nn.GroupNorm(2, 4), []int{2, 5, 5, 8}, `GroupNorm of 4 channels needs \(N, 4\) or \(N, H, W, 4\), got \(Float32\)\[2, 5, 5, 8\]`},
		{"rank of groups", nn.GroupNorm(2, 4), []int{2, 5, 4}, "GroupNorm of 4 channels"},
		{"one row of groups", nn.GroupNorm(2, 4), []int{4}, "GroupNorm of 4 channels"},
		{"labels", nn.Embedding(5, 3, nil), []int{2}, `Embedding needs integer labels, got \(Float32\)\[2\]`},
	} {
		x := tensors.FromShape(shapes.Make(dtypes.Float32, c.dims...))
		_, err := nn.Compute(testbackend.Get(t), c.layer.Params(), []any{x}, func(p nn.Values, in []*Node) []*Node {
			return []*Node{p.Apply(c.layer, in[0])}
		})
		require.Error(t, err, c.name)
		require.Regexp(t, `nn: .*`+c.wantErr, err.Error(), c.name)
	}
}

// TestConv2dRefuses builds convolutions that are not supported.
func TestConv2dRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ kernel, stride, padding int }{
		{4, 1, 0}, {3, 2, 1}, {3, 3, 0}, {4, 4, 0}, {4, 0, 0}, {3, 0, 0}, {3, -1, 0}, {0, 2, 0}, {0, 1, 0}, {-1, 1, 0}, {-2, 2, 0}, {3, 1, -1}, {3, 1, 3}, {4, 2, 4}, {1, 1, 1},
	} {
		want := fmt.Sprintf("nn: Conv2d with a %d×%d kernel, stride %d and padding %d is not supported; use an odd kernel with stride 1 or "+
			"an even kernel with stride 2, and a padding from 0 to the kernel size − 1", c.kernel, c.kernel, c.stride, c.padding)
		require.PanicsWithError(t, want, func() { nn.Conv2d(1, 1, c.kernel, rng.NewTorch(0), nn.Stride(c.stride), nn.Padding(c.padding)) })
	}
	require.PanicsWithError(t, "nn: Conv2d with a 4×4 kernel, stride 1 and padding 0 is not supported; use an odd kernel with stride 1 or "+
		"an even kernel with stride 2, and a padding from 0 to the kernel size − 1", func() { nn.Conv2d(1, 1, 4, nil) })
}

// TestConvTranspose2dRefuses builds transposed convolutions that are not supported.
func TestConvTranspose2dRefuses(t *testing.T) {
	t.Parallel()
	for _, kernel := range []int{-2, 0, 1, 3} {
		want := fmt.Sprintf("nn: ConvTranspose2d with a %d×%d kernel is not supported; use an even size", kernel, kernel)
		require.PanicsWithError(t, want, func() { nn.ConvTranspose2d(1, 1, kernel, nil) })
	}
}

func TestGroupNormRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]int{{3, 4}, {0, 4}, {-2, 4}, {8, 4}, {2, 0}, {2, -4}} {
		want := fmt.Sprintf("nn: GroupNorm cannot split %d channels into %d equal groups", c[1], c[0])
		require.PanicsWithError(t, want, func() { nn.GroupNorm(c[0], c[1]) })
	}
}

// TestGroupNormOffset normalizes values with a large mean in float32. A variance computed as E[x²] − E[x]² would lose all
// digits.
func TestGroupNormOffset(t *testing.T) {
	t.Parallel()
	x := make([]float32, 2*3*5*4)
	for i := range x {
		x[i] = 4096 + float32(i*i%7)
	}
	layer := nn.GroupNorm(2, 4)
	out, err := nn.Compute(testbackend.Get(t), layer.Params(), []any{tensors.FromFlatDataAndDimensions(x, 2, 3, 5, 4)}, func(p nn.Values, in []*Node) []*Node {
		wide := ConvertDType(in[0], dtypes.Float64)
		double := nn.Values{layer.Params()[0]: Ones(wide.Graph(), shapes.Make(dtypes.Float64, 4)), layer.Params()[1]: Zeros(wide.Graph(), shapes.Make(dtypes.Float64, 4))}
		return []*Node{p.Apply(layer, in[0]), double.Apply(layer, wide)}
	})
	require.NoError(t, err)
	requireClose(t, out[1], out[0], 1e-3, 1e-3, "float32")
}
