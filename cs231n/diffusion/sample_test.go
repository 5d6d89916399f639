package diffusion_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/diffusion"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// TestChanges checks the samplers that begin with images. An edit of strength 1 is a new image. An inpainted image keeps the
// known pixels. A path ends with the image.
func TestChanges(t *testing.T) {
	t.Parallel()
	backend, labels := testbackend.Get(t), []int32{3, 5}
	s := diffusion.Sampler{Net: filled(), Objective: diffusion.Flow{}, Steps: 4, Guidance: 1}
	start := make([]float32, 2*diffusion.Pixels)
	for i := range start {
		start[i] = float32(math.Sin(float64(i)))
	}
	drawn, err := s.Sample(backend, labels, rng.NewTorch(seed))
	require.NoError(t, err)
	redrawn, err := s.Edit(backend, start, 1, labels, rng.NewTorch(seed))
	require.NoError(t, err)
	require.Equal(t, drawn, redrawn)
	edited, err := s.Edit(backend, start, 0.25, labels, rng.NewTorch(seed))
	require.NoError(t, err)
	require.NotEqual(t, drawn, edited)
	require.Less(t, distance(edited, start), distance(drawn, start))
	least, err := s.Edit(backend, start, 0.01, labels, rng.NewTorch(seed))
	require.NoError(t, err)
	require.Equal(t, edited, least, "one step at least")

	path, err := s.Path(backend, labels, rng.NewTorch(seed))
	require.NoError(t, err)
	require.Len(t, path, 5)
	for i, x := range path[4] {
		require.InDelta(t, drawn[i], min(max(x, -1), 1), 1e-6)
	}
	noise := make([]float32, len(drawn))
	rng.NewTorch(seed).Normal(noise, 0, 1)
	require.Equal(t, noise, path[0])

	known := make([]bool, diffusion.Pixels)
	for p := range known {
		known[p] = p%3 == 0
	}
	fresh := diffusion.Sampler{Net: s.Net, Objective: diffusion.Noise{Schedule: diffusion.Cosine(50)}, Steps: 4, Guidance: 1, Eta: 1}
	for _, s := range []*diffusion.Sampler{&s, &fresh} {
		filledIn, err := s.Inpaint(backend, start, known, labels, rng.NewTorch(seed))
		require.NoError(t, err)
		for i, v := range start {
			if known[i%diffusion.Pixels] {
				require.InDelta(t, v, filledIn[i], 1e-6)
			}
		}
		require.NotEqual(t, start, filledIn)
	}

	levels, err := diffusion.Flow{}.Levels(diffusion.MaxSteps)
	require.NoError(t, err)
	require.Len(t, levels, diffusion.MaxSteps+1)
}

func distance(a, b []float32) (d float64) {
	for i, v := range a {
		d += math.Abs(float64(v - b[i]))
	}
	return d
}

// TestSamplerRefuses checks that wrong requests are errors that say what to do.
func TestSamplerRefuses(t *testing.T) {
	t.Parallel()
	noise := diffusion.Noise{Schedule: diffusion.Cosine(50)}
	net := filled()
	good := diffusion.Sampler{Net: net, Objective: noise, Steps: 5, Guidance: 1}
	change := func(change func(s *diffusion.Sampler)) *diffusion.Sampler {
		s := &diffusion.Sampler{Net: net, Objective: noise, Steps: 5, Guidance: 1}
		change(s)
		return s
	}
	one := []int32{1}
	for _, c := range []struct {
		sampler *diffusion.Sampler
		labels  []int32
		want    string
	}{
		{change(func(s *diffusion.Sampler) { s.Steps = 0 }), one, "diffusion: 0 steps; the schedule has 50, so choose 1 to 50"},
		{change(func(s *diffusion.Sampler) { s.Steps = 51 }), one, "diffusion: 51 steps; the schedule has 50, so choose 1 to 50"},
		{change(func(s *diffusion.Sampler) { s.Objective, s.Steps = diffusion.Flow{}, 1001 }), one, "diffusion: 1001 steps; choose 1 to 1000"},
		{change(func(s *diffusion.Sampler) { s.Objective, s.Eta = diffusion.Flow{}, 1 }), one, "diffusion: Eta is 1; choose 0 to 1, and 0 for rectified flow"},
		{change(func(s *diffusion.Sampler) { s.Eta = math.NaN() }), one, "diffusion: Eta is NaN; choose 0 to 1, and 0 for rectified flow"},
		{change(func(s *diffusion.Sampler) { s.Guidance = math.NaN() }), one, "diffusion: a guidance of NaN; choose a number of 0 or more, 1 for none"},
		{change(func(s *diffusion.Sampler) { s.Guidance = -1 }), one, "diffusion: a guidance of -1; choose a number of 0 or more, 1 for none"},
		{change(func(s *diffusion.Sampler) { s.Net = nil }), one, "diffusion: Sampler needs a Net and an Objective"},
		{&good, []int32{11}, "diffusion: the digit 11 does not exist; choose 0 to 9, or 10 for any"},
		{&good, nil, "diffusion: no labels; give one for each image"},
	} {
		_, err := c.sampler.Sample(nil, c.labels, rng.NewTorch(seed))
		require.EqualError(t, err, c.want)
	}
	_, err := good.Edit(nil, nil, 0, one, nil)
	require.EqualError(t, err, "diffusion: an edit of strength 0; choose a number above 0 and up to 1")
	_, err = good.Edit(nil, make([]float32, 7), 1, one, nil)
	require.EqualError(t, err, "diffusion: 7 pixels for 1 labels; give 784 for each")
	_, err = good.Inpaint(nil, make([]float32, 784), make([]bool, 3), one, nil)
	require.EqualError(t, err, "diffusion: 3 known pixels; give one bool for each of the 784")
	_, err = good.Path(nil, make([]int32, 251), nil)
	require.EqualError(t, err, "diffusion: paths of 251 images; choose at most 250")
	_, err = diffusion.ObjectiveByName("score")
	require.EqualError(t, err, `diffusion: unknown objective "score"; choose flow or noise`)
}
