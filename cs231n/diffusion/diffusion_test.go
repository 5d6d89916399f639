package diffusion_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/arrays"
	"github.com/cs231n-go/assignment3/cs231n/diffusion"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/mnist"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

const (
	seed     = 231
	channels = 8  // of the networks in the tests
	every    = 97 // golden.py writes only every 97th number of a large array
)

// golden is golden.json, which testdata/golden.py writes.
type golden struct {
	First     []float64 // first number of each parameter
	Schedules map[string][]float64
	Gradients map[string]struct {
		Loss   float64
		Norms  []float64 // of the gradient of each parameter
		Dots   []float64 // its scalar product with sin(1), sin(2), …
		Output []float64
	}
	Curves map[string]struct{ Losses, Average []float64 }
	// Notebook has the first losses of the notebook's runs.
	Notebook map[string][]float64
	Samples  []struct {
		Objective     string
		Steps         int
		Guidance, Eta float64
		Images        []float64
	}
}

func readGolden(t *testing.T) (g golden) {
	t.Helper()
	data, err := os.ReadFile("testdata/golden.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &g))
	return g
}

// filled is a network whose parameters are sin(1), sin(2), … divided by 4.
func filled() *diffusion.UNet {
	net, count := diffusion.NewUNet(channels, nil), 0
	for _, p := range net.Params() {
		values := make([]float32, p.Shape().Size())
		for i := range values {
			count++
			values[i] = float32(math.Sin(float64(count)) / 4)
		}
		p.Value = tensors.FromFlatDataAndDimensions(values, p.Shape().Dimensions...)
	}
	return net
}

// objective returns the objective of a name.
func objective(t *testing.T, name string) diffusion.Objective {
	t.Helper()
	o, err := diffusion.ObjectiveByName(name)
	require.NoError(t, err)
	return o
}

// images returns the first n training images.
func images(t *testing.T, n int) mnist.Set {
	t.Helper()
	train, _, err := mnist.Load("")
	require.NoError(t, err)
	return train.First(n)
}

// requireSome compares every 97th number.
func requireSome(t *testing.T, want []float64, got []float32, tolerance float64) {
	t.Helper()
	for i, w := range want {
		require.InDelta(t, w, got[i*every], tolerance, "number %d", i*every)
	}
	require.Equal(t, (len(got)+every-1)/every, len(want))
}

// TestInitialValues compares a new network with PyTorch's.
func TestInitialValues(t *testing.T) {
	t.Parallel()
	want, net := readGolden(t).First, diffusion.NewUNet(channels, rng.NewTorch(seed))
	require.Len(t, want, len(net.Params()))
	for i, p := range net.Params() {
		require.InDelta(t, want[i], tensors.MustCopyFlatData[float32](p.Value)[0], 1e-7, p.Name)
	}
	require.Equal(t, 278_849, nn.CountParams(diffusion.NewUNet(diffusion.DefaultChannels, nil)))
	require.PanicsWithError(t, "diffusion: a U-Net of 12 channels; choose a multiple of 8", func() { diffusion.NewUNet(12, nil) })
}

// TestSchedules compares ᾱ with NumPy's.
func TestSchedules(t *testing.T) {
	t.Parallel()
	want := readGolden(t).Schedules
	for name, s := range map[string]diffusion.Schedule{"cosine": diffusion.Cosine(1000), "linear": diffusion.Linear(1000), "cosine50": diffusion.Cosine(50)} {
		step := 111
		if name == "cosine50" {
			step = 1
		}
		for i, bar := range want[name] {
			require.InEpsilon(t, bar, s[i*step], 1e-9, "%s, step %d", name, i*step)
		}
	}
	s := diffusion.Linear(1000)
	require.InDelta(t, 1e-4, s.Beta(0), 1e-12)
	require.InDelta(t, 0.02, s.Beta(999), 1e-12)
	require.Panics(t, func() { diffusion.Linear(24) })
	require.Panics(t, func() { diffusion.Cosine(0) })
}

// TestGradients compares output, loss and gradients of a network with fixed weights with PyTorch's. GoMLX cannot derive these
// gradients, since it has none for padding.
func TestGradients(t *testing.T) {
	t.Parallel()
	for name, want := range readGolden(t).Gradients {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			net, set := filled(), images(t, 4)
			flat := make([]float32, 4*diffusion.Pixels)
			for i, v := range set.Images {
				flat[i] = float32(v)/127.5 - 1
			}
			c := diffusion.Config{Net: net, Objective: objective(t, name)}
			stream := rng.NewTorch(seed)
			drawn, noise := diffusion.Draw(c.Objective, stream, 4), make([]float32, len(flat))
			stream.Normal(noise, 0, 1)
			times := make([]float32, 4)
			for i, v := range drawn {
				times[i] = float32(math.Abs(float64(v)))
			}
			in := []any{flat, noise, drawn, []int32{3, 1, 10, 4}, times}
			out, err := nn.Compute(testbackend.Get(t), net.Params(), in, func(p nn.Values, in []*Node) []*Node {
				image, noise := Reshape(in[0], -1, diffusion.Pixels), Reshape(in[1], -1, diffusion.Pixels)
				loss, grads := c.Loss(p, image, noise, in[2], in[3])
				output, _ := net.Forward(p, noise, in[4], in[3])
				return append([]*Node{loss, output}, grads...)
			})
			require.NoError(t, err)
			require.InEpsilon(t, want.Loss, tensors.ToScalar[float32](out[0]), 1e-5)
			requireSome(t, want.Output, tensors.MustCopyFlatData[float32](out[1]), 2e-5)
			for i, p := range net.Params() {
				require.True(t, out[2+i].Shape().Equal(p.Shape()), p.Name)
				var square, dot float64
				for j, g := range tensors.MustCopyFlatData[float32](out[2+i]) {
					square += float64(g) * float64(g)
					dot += float64(g) * math.Sin(float64(j+1))
				}
				// The gradient of a bias before a normalization is zero but for rounding.
				tolerance := 1e-4*want.Norms[i] + 1e-6
				require.InDelta(t, want.Norms[i], math.Sqrt(square), tolerance, p.Name)
				require.InDelta(t, want.Dots[i], dot, tolerance, p.Name)
			}
		})
	}
}

// TestSamples compares images that a network with fixed weights draws with PyTorch's. One sampler draws them all, so its
// programs serve several numbers of steps.
func TestSamples(t *testing.T) {
	t.Parallel()
	s := diffusion.Sampler{Net: filled()}
	for _, want := range readGolden(t).Samples {
		s.Objective, s.Steps, s.Guidance, s.Eta, s.Batch = objective(t, want.Objective), want.Steps, want.Guidance, want.Eta, 0
		got, err := s.Sample(testbackend.Get(t), []int32{7, 0, diffusion.NoLabel}, rng.NewTorch(seed))
		require.NoError(t, err)
		requireSome(t, want.Images, got, 1e-4)
		if s.Batch = 2; s.Eta == 0 { // fresh noise is drawn batch by batch
			got, err = s.Sample(testbackend.Get(t), []int32{7, 0, diffusion.NoLabel}, rng.NewTorch(seed))
			require.NoError(t, err)
			requireSome(t, want.Images, got, 1e-4)
		}
	}
	s.Close()
}

// TestChecks runs the checks of the notebook, except that for the schedules.
func TestChecks(t *testing.T) {
	t.Parallel()
	want, err := diffusion.Answers()
	require.NoError(t, err)
	backend := testbackend.Get(t)

	b := diffusion.NewBlock(8, 32, nil)
	nn.Double(b.Params())
	for _, p := range b.Params() {
		require.NoError(t, p.SetValue(arrays.Linspace(-0.5, 0.7, p.Shape().Dimensions...)))
	}
	out, err := b.Call(backend, arrays.Linspace(-1, 1, 2, 4, 4, 8), arrays.Linspace(-1, 1, 2, 32))
	require.NoError(t, err)
	require.InDeltaSlice(t, want.Block, tensors.MustCopyFlatData[float64](out), 1e-9)
	for name, loss := range want.Losses {
		stream := rng.NewTorch(seed)
		c := diffusion.Config{Net: diffusion.NewUNet(diffusion.DefaultChannels, stream), Objective: objective(t, name), Train: images(t, 128), Stream: stream}
		got, err := c.FirstLoss(backend)
		require.NoError(t, err)
		require.InEpsilon(t, loss, got, 1e-5)
	}
}
