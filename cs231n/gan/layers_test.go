package gan_test

import (
	"encoding/json"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/gan"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

type layerCase struct {
	X, Y, DY, DX                 array
	Weight, DWeight, Bias, DBias *array
}

// TestLayers compares each layer with PyTorch: its values, the gradients that its own way back makes, and
// those that GoMLX derives from its forward computation.
func TestLayers(t *testing.T) {
	t.Parallel()
	backend := testbackend.Get(t)
	cases := golden[map[string]json.RawMessage](t, "layers.json")
	stream := rng.NewTorch(1)
	for name, layer := range map[string]gan.Layer{
		"conv2d":           gan.Conv2d(3, 4, 5, stream),
		"max_pool":         gan.MaxPool2d(),
		"conv_transpose2d": gan.ConvTranspose2d(5, 3, stream),
		"batch_norm1d":     gan.BatchNorm(5),
		"batch_norm2d":     gan.BatchNorm(3),
		"leaky_relu":       gan.LeakyReLU(0.01),
		"relu":             gan.ReLU(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var c layerCase
			require.NoError(t, json.Unmarshal(cases[name], &c))
			inputs := []any{c.X.tensor(), c.DY.tensor()}
			want := map[string]array{"y": c.Y, "dx": c.DX}
			if c.Weight != nil {
				inputs = append(inputs, c.Weight.tensor(), c.Bias.tensor())
				want["dweight"], want["dbias"] = *c.DWeight, *c.DBias
			}
			out, err := CallOnceN(backend, func(inputs []*Node) []*Node {
				x, dy, params := inputs[0], inputs[1], inputs[2:]
				y, back := layer.Forward(params, channelsLast(x))
				dx, dparams := back(channelsLast(dy))
				byHand := append([]*Node{channelsFirst(y), channelsFirst(dx)}, dparams...)
				if name == "conv_transpose2d" {
					return byHand // GoMLX has no gradient for Pad
				}
				derived := Gradient(ReduceAllSum(Mul(y, channelsLast(dy))), append([]*Node{x}, params...)...)
				return append(byHand, derived...)
			}, inputs...)
			require.NoError(t, err)
			names := []string{"y", "dx", "dweight", "dbias"}[:len(inputs)]
			for i, name := range append(names, names[1:]...)[:len(out)] {
				require.Equal(t, want[name].Shape, out[i].Shape().Dimensions, name)
				require.InDeltaSlice(t, want[name].Data, tensors.MustCopyFlatData[float32](out[i]), 2e-5, "%d: %s", i, name)
			}
		})
	}
}

// channelsLast and channelsFirst translate images between PyTorch's layout and ours.
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
	out, err := CallOnceN(testbackend.Get(t), func(x *Node) []*Node {
		images, _ := gan.Unflatten(3, 5, 7).Forward(nil, x)
		rows, _ := gan.Flatten().Forward(nil, images)
		return []*Node{rows, images}
	}, tensors.FromFlatDataAndDimensions(x, 2, 3*5*7))
	require.NoError(t, err)
	require.Equal(t, x, tensors.MustCopyFlatData[float32](out[0]), "Flatten undoes Unflatten")
	require.Equal(t, []int{2, 5, 7, 3}, out[1].Shape().Dimensions)
	images := tensors.MustCopyFlatData[float32](out[1])
	require.Equal(t, []float32{0, 35, 70, 1}, images[:4], "pixel (0, 0) of the three channels, then (0, 1)")
}

func TestLayersRefuseWrongShapes(t *testing.T) {
	t.Parallel()
	backend := testbackend.Get(t)
	for _, c := range []struct {
		name    string
		layer   gan.Layer
		dims    []int
		message string
	}{
		{"odd pool", gan.MaxPool2d(), []int{2, 5, 4, 1}, "even height and width"},
		{"unflatten", gan.Unflatten(3, 5, 7), []int{2, 104}, "rows of 105 values"},
	} {
		_, err := CallOnce(backend, func(x *Node) *Node {
			y, _ := c.layer.Forward(nil, x)
			return y
		},
			tensors.FromShape(shapes.Make(dtypes.Float32, c.dims...)))
		require.ErrorContains(t, err, c.message, c.name)
	}
	require.PanicsWithError(t, "gan: Conv2d needs an odd kernel size, got 4", func() { gan.Conv2d(1, 1, 4, rng.NewTorch(0)) })
}
