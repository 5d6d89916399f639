package nn_test

import (
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// square is a layer of another package: y = w·x², one w for each feature. mixing is another that mixes the batch.
type square struct{ w *nn.Param }

func (s square) Params() []*nn.Param { return []*nn.Param{s.w} }

func (s square) Forward(p nn.Values, x *Node) (*Node, nn.Backward) {
	w := ExpandAxes(p[s.w], 0)
	return Mul(w, Square(x)), func(dy *Node) (*Node, []*Node) {
		return MulScalar(Mul(dy, Mul(w, x)), 2), []*Node{nn.SumRows(Mul(dy, Square(x)))}
	}
}

type mixing struct {
	square
	mixes bool
}

func (m mixing) MixesBatch() bool { return m.mixes }

func TestNames(t *testing.T) {
	t.Parallel()
	inner := nn.Sequential(nn.LeakyReLU(0.1), nn.Linear(5, 3, nil), nn.Sequential(nn.LayerNorm(3)))
	first, last := nn.Linear(7, 5, nil), square{nn.NewParam("w", make([]float32, 3), 3)}
	n := nn.Sequential(first, nn.TanH(), inner, last)
	var names []string
	for _, p := range n.Params() {
		names = append(names, p.Name)
	}
	require.Equal(t, []string{"0/weight", "0/bias", "2/1/weight", "2/1/bias", "2/2/0/weight", "2/2/0/bias", "3/w"}, names)
	require.Equal(t, slices.Concat(first.Params(), inner.Params(), last.Params()), n.Params())
	require.Equal(t, 7*5+5+5*3+3+3+3+3, nn.CountParams(n))
	require.Len(t, n.Layers, 4)
	require.Zero(t, nn.CountParams(nn.Sequential(nn.Flatten(), nn.TanH())))
}

func TestMixesBatch(t *testing.T) {
	t.Parallel()
	w := func() square { return square{nn.NewParam("w", make([]float32, 3), 3)} }
	for name, c := range map[string]struct {
		layers []nn.Layer
		want   bool
	}{
		"no layers":                  {nil, false},
		"no norm":                    {[]nn.Layer{nn.Linear(3, 3, nil), nn.ReLU(), nn.LayerNorm(3), nn.GroupNorm(3, 3)}, false},
		"batch norm":                 {[]nn.Layer{nn.ReLU(), nn.BatchNorm(3)}, true},
		"nested batch norm":          {[]nn.Layer{nn.ReLU(), nn.Sequential(nn.Sequential(nn.BatchNorm(3), nn.ReLU())), nn.ReLU()}, true},
		"nested without":             {[]nn.Layer{nn.Sequential(nn.ReLU())}, false},
		"foreign without the method": {[]nn.Layer{w()}, false},
		"foreign that mixes":         {[]nn.Layer{w(), mixing{w(), true}, w()}, true},
		"foreign that does not mix":  {[]nn.Layer{mixing{w(), false}}, false},
	} {
		require.Equal(t, c.want, nn.Sequential(c.layers...).MixesBatch(), name)
	}
}

// TestNetwork compares a nested network of layers from this package and another with its layers one by one and with the
// gradients that GoMLX derives.
func TestNetwork(t *testing.T) {
	t.Parallel()
	const n = 7
	stream := rng.NewNumPy(231)
	layers := []nn.Layer{nn.Linear(11, 5, nil), nn.TanH(), square{nn.NewParam("w", make([]float32, 5), 5)}, nn.BatchNorm(5), nn.Linear(5, 3, nil)}
	net := nn.Sequential(layers[0], nn.Sequential(layers[1:4]...), layers[4])
	randomize(t, net.Params(), stream)
	x := normals(stream, n, 11)
	out, err := nn.Compute(testbackend.Get(t), net.Params(), []any{x, normals(stream, n, 3)}, func(p nn.Values, in []*Node) []*Node {
		y, back := net.Forward(p, in[0])
		dx, dparams := back(in[1])
		byHand := append([]*Node{y, dx}, dparams...)
		y = in[0]
		for _, layer := range layers {
			y = p.Apply(layer, y)
		}
		return append(append(byHand, y), derived(y, in[1], append(in[:1:1], p.Of(net.Params())...)...)...)
	})
	require.NoError(t, err)
	half := len(out) / 2
	require.Equal(t, 2+len(net.Params()), half)
	for i := range half {
		requireClose(t, out[half+i], out[i], 1e-11, 1e-12, "output")
	}

	called, err := net.Call(testbackend.Get(t), x)
	require.NoError(t, err)
	requireClose(t, out[0], called, 1e-14, 1e-14, "Call")
	_, err = net.Call(testbackend.Get(t), normals(stream, n, 2))
	require.ErrorContains(t, err, "the input has 2 features")
}

// TestEmptyNetwork is the identity.
func TestEmptyNetwork(t *testing.T) {
	t.Parallel()
	x := normals(rng.NewNumPy(1), 3, 5)
	out, err := nn.Compute(testbackend.Get(t), nil, []any{x}, func(p nn.Values, in []*Node) []*Node {
		y, back := nn.Sequential().Forward(p, in[0])
		dx, dparams := back(in[0])
		require.Empty(t, dparams)
		return []*Node{y, dx}
	})
	require.NoError(t, err)
	requireClose(t, x, out[0], 0, 0, "y")
	requireClose(t, x, out[1], 0, 0, "dx")
}

// TestConvolutionWithPool compares a fused convolution, activation and pool with the three layers one by one: outputs and
// all gradients. Pixels are integers and half the image is background, so many windows of the pool have ties. A LeakyReLU
// with a negative slope is not monotonic, so it must not be fused.
func TestConvolutionWithPool(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		n, h, w, in, out, kernel int
		rectifier                nn.Layer
	}{
		"one channel":    {2, 14, 18, 1, 3, 5, nn.LeakyReLU(0.01)},
		"many channels":  {3, 12, 10, 7, 5, 3, nn.ReLU()},
		"one window":     {5, 4, 4, 2, 3, 3, nn.LeakyReLU(3)},
		"kernel of one":  {2, 6, 10, 3, 5, 1, nn.LeakyReLU(1)},
		"negative slope": {2, 6, 10, 2, 3, 3, nn.LeakyReLU(-0.5)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stream := rng.NewNumPy(7)
			layers := []nn.Layer{nn.Conv2d(c.in, c.out, c.kernel, nil), c.rectifier, nn.MaxPool2d()}
			net := nn.Sequential(layers...)
			whole := make([]float64, c.out*c.in*c.kernel*c.kernel) // integers have no rounding that could break a tie
			for i := range whole {
				whole[i] = float64(i*i%5 - 2)
			}
			set(t, net.Params(), tensors.FromFlatDataAndDimensions(whole, c.out, c.in, c.kernel, c.kernel), normals(stream, c.out))
			pixels := make([]float64, c.n*c.h*c.w*c.in)
			for i := range pixels {
				pixels[i] = float64(max(0, stream.RandInt(9)-4))
			}
			inputs := []any{
				tensors.FromFlatDataAndDimensions(pixels, c.n, c.h, c.w, c.in),
				normals(stream, c.n, (c.h-c.kernel+1)/2, (c.w-c.kernel+1)/2, c.out),
			}
			out, err := nn.Compute(testbackend.Get(t), net.Params(), inputs, func(p nn.Values, in []*Node) []*Node {
				y, back := net.Forward(p, in[0])
				dx, dparams := back(in[1])
				together := append([]*Node{y, dx}, dparams...)
				y = in[0]
				var backs []nn.Backward
				for _, layer := range layers {
					y, back = layer.Forward(p, y)
					backs = append(backs, back)
				}
				dx = in[1]
				for _, back := range slices.Backward(backs) {
					dx, dparams = back(dx)
				}
				return append(together, append([]*Node{y, dx}, dparams...)...)
			})
			require.NoError(t, err)
			require.Len(t, out, 8)
			for i, name := range []string{"y", "dx", "dweight", "dbias"} {
				requireClose(t, out[4+i], out[i], 1e-11, 1e-11, name)
			}
		})
	}
}
