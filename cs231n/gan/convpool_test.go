package gan_test

import (
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/gan"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// TestConvolutionWithPool compares a network, which computes a convolution, its LeakyReLU and its pool
// together, with the three layers one by one: values and all gradients. Pixels are whole numbers and
// half the image is background, so that many windows of the pool hold their maximum more than once.
func TestConvolutionWithPool(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ n, h, w, in, out, kernel int }{
		"one channel":   {2, 14, 18, 1, 3, 5},
		"many channels": {3, 12, 10, 7, 5, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stream := rng.NewTorch(231)
			layers := []gan.Layer{gan.Conv2d(c.in, c.out, c.kernel, stream), gan.LeakyReLU(0.01), gan.MaxPool2d()}
			params := layers[0].Params()
			for i := range params[0].Value { // whole numbers have no rounding that could break a tie
				params[0].Value[i] = float32(i*i%5 - 2)
			}
			draws := rng.NewNumPy(7)
			pixels := make([]float32, c.n*c.h*c.w*c.in)
			for i := range pixels {
				pixels[i] = float32(max(0, draws.RandInt(9)-4))
			}
			ph, pw := (c.h-c.kernel+1)/2, (c.w-c.kernel+1)/2
			dy := make([]float32, c.n*ph*pw*c.out)
			stream.Normal(dy, 0, 1)
			out, err := CallOnceN(testbackend.Get(t), func(inputs []*Node) []*Node {
				x, dy, params := inputs[0], inputs[1], inputs[2:]
				y, back := gan.Sequential(layers...).Forward(params, x)
				dx, dparams := back(dy)
				together := append([]*Node{y, dx}, dparams...)

				y, convBack := layers[0].Forward(params, x)
				y, reluBack := layers[1].Forward(nil, y)
				y, poolBack := layers[2].Forward(nil, y)
				d, _ := poolBack(dy)
				d, _ = reluBack(d)
				dx, dparams = convBack(d)
				return append(together, append([]*Node{y, dx}, dparams...)...)
			},
				tensors.FromFlatDataAndDimensions(pixels, c.n, c.h, c.w, c.in),
				tensors.FromFlatDataAndDimensions(dy, c.n, ph, pw, c.out),
				tensors.FromFlatDataAndDimensions(params[0].Value, params[0].Dims...),
				tensors.FromFlatDataAndDimensions(params[1].Value, params[1].Dims...))
			require.NoError(t, err)
			require.Len(t, out, 8)
			for i, name := range []string{"y", "dx", "dweight", "dbias"} {
				require.Equal(t, out[4+i].Shape(), out[i].Shape(), name)
				require.InDeltaSlice(t, tensors.MustCopyFlatData[float32](out[4+i]), tensors.MustCopyFlatData[float32](out[i]), 2e-3, name)
			}
		})
	}
}
