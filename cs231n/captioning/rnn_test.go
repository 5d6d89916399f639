package captioning_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/arrays"
	"github.com/cs231n-go/assignment3/cs231n/captioning"
	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/gradcheck"
	"github.com/cs231n-go/assignment3/cs231n/internal/gradtest"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// pets returns the vocabulary of the notebook's checks: three words, one with an id that is too large.
func pets() map[string]int { return map[string]int{coco.Null: 0, "cat": 2, "dog": 3} }

// double returns a float64 model.
func double(t *testing.T, kind string, d, w, h int, stream *rng.NumPy) *captioning.RNN {
	t.Helper()
	m, err := captioning.NewRNN(captioning.RNNConfig{
		CellType: kind, WordToIdx: pets(), InputDim: d, WordvecDim: w, HiddenDim: h, DType: dtypes.Float64, Stream: stream,
	})
	require.NoError(t, err)
	return m
}

// fix sets every parameter to its value in the notebooks' checks and returns their captions.
func fix(t *testing.T, m *captioning.RNN) [][]int32 {
	t.Helper()
	for _, p := range m.Params() {
		require.NoError(t, p.SetValue(arrays.Linspace(-1.4, 1.3, p.Shape().Dimensions...)))
	}
	const n, steps = 10, 13
	captions := make([][]int32, n)
	for i := range n * steps {
		captions[i/steps] = append(captions[i/steps], int32(i%3))
	}
	return captions
}

// TestLossGradient checks all gradients of the models three ways, on the inputs of the notebook's check.
func TestLossGradient(t *testing.T) {
	t.Parallel()
	// With the notebook's step size the LSTM's smallest gradients are lost in rounding errors.
	for kind, step := range map[string]float64{"rnn": 1e-6, "lstm": 1e-4} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := rng.NewNumPy(231)
			captions, features := arrays.RandInt(s, 3, 2, 3), arrays.Randn(s, 2, 4)
			m := double(t, kind, 4, 5, 6, s)
			// The features have no hand-written gradient, so they are not an input of the check.
			given := func(in []*Node) (_ nn.Values, _, captions *Node) {
				return nn.Bind(m.Params(), in[1:]), ConstTensor(in[0].Graph(), features), in[0]
			}
			layer := gradcheck.Layer{
				Inputs:  []*tensors.Tensor{captions},
				Forward: func(in []*Node) *Node { return m.LossUnrolled(given(in)) },
				Backward: func(in []*Node, _ *Node) []*Node {
					_, grads := m.LossGraph(given(in))
					return grads
				},
				Step: step,
			}
			for _, p := range m.Params() {
				layer.Names, layer.Inputs = append(layer.Names, p.Name), append(layer.Inputs, p.Value)
			}
			gradtest.Check(t, layer, 5e-6)
		})
	}
}

// TestInit compares the initial parameters with the original's. golden.py documents the source of the numbers.
func TestInit(t *testing.T) {
	t.Parallel()
	s, again := rng.NewNumPy(231), rng.NewNumPy(231)
	m := double(t, "lstm", 4, 5, 6, s)
	var names []string
	for _, p := range m.Params() {
		names = append(names, fmt.Sprint(p.Name, p.Shape().Dimensions))
	}
	require.Equal(t, []string{"W_embed[3 5]", "W_proj[4 6]", "b_proj[6]", "Wx[5 24]", "Wh[6 24]", "b[24]", "W_vocab[6 3]", "b_vocab[3]"}, names)
	first := make([]float64, 15)
	again.Randn(first)
	for i := range first {
		first[i] /= 100
	}
	require.Equal(t, first, tensors.MustCopyFlatData[float64](m.Params()[0].Value))
	require.Equal(t, make([]float64, 24), tensors.MustCopyFlatData[float64](m.Params()[5].Value))
}

// TestLossProperties tests padding, batches and repeated words. One program computes all losses of a model.
func TestLossProperties(t *testing.T) {
	slow(t)
	t.Parallel()
	one, two := []float64{1, -2, 3, 0.5}, []float64{-1, 0, 2, 1}
	cases := []struct {
		features []float64
		captions [][]int32
	}{
		{one, [][]int32{{1, 2, 1, 0, 0}}},
		{two, [][]int32{{2, 2, 2, 2, 2}}},
		{one, [][]int32{{1, 2, 1}}},
		{one, [][]int32{{1, 2, 1, 0, 0, 0, 0}}},
		{slices.Concat(one, two), [][]int32{{1, 2, 1, 0, 0}, {2, 2, 2, 2, 2}}},
		{one, [][]int32{{1, 0, 0}}},
		{one, [][]int32{{1, 2}}},
		{two, [][]int32{{1, 2, 1}}},
	}
	var inputs []any
	for _, c := range cases {
		inputs = append(inputs, tensors.FromFlatDataAndDimensions(c.features, len(c.captions), 4), tensors.FromValue(c.captions))
	}
	for _, kind := range []string{"rnn", "lstm"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			m := double(t, kind, 4, 5, 6, rng.NewNumPy(7))
			out, err := nn.Compute(testbackend.Get(t), m.Params(), inputs, func(p nn.Values, in []*Node) (losses []*Node) {
				for pair := range slices.Chunk(in, 2) {
					loss, _ := m.LossGraph(p, pair[0], pair[1])
					losses = append(losses, loss)
				}
				return losses
			})
			require.NoError(t, err)
			loss := make([]float64, len(out))
			for i, x := range out {
				loss[i] = tensors.ToScalar[float64](x)
			}
			a, b, short := loss[0], loss[1], loss[2]
			require.InDelta(t, short, a, 1e-12, "padding changes nothing")
			require.InDelta(t, loss[3], a, 1e-12, "however long")
			require.InDelta(t, (a+b)/2, loss[4], 1e-12, "a batch is the mean of its captions")
			require.Zero(t, loss[5], "a caption of nothing but padding costs nothing")
			require.Positive(t, loss[6], "one step")
			require.NotEqual(t, short, loss[7], "the image counts")
		})
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	build := func(change func(c *captioning.RNNConfig)) error {
		c := captioning.RNNConfig{WordToIdx: pets(), InputDim: 4, Stream: rng.NewNumPy(1)}
		change(&c)
		_, err := captioning.NewRNN(c)
		return err
	}
	m := double(t, "rnn", 4, 5, 6, rng.NewNumPy(1))
	loss := func(captions ...[]int32) error {
		_, _, err := m.Loss(testbackend.Get(t), arrays.Linspace(0, 1, len(captions), 4), captions)
		return err
	}
	for name, c := range map[string]struct {
		err     error
		wantErr string
	}{
		"cell type":         {build(func(c *captioning.RNNConfig) { c.CellType = "gru" }), `unknown cell type "gru"; choose rnn or lstm`},
		"no padding":        {build(func(c *captioning.RNNConfig) { c.WordToIdx = map[string]int{"cat": 0} }), "no padding token <NULL>"},
		"no features":       {build(func(c *captioning.RNNConfig) { c.InputDim = 0 }), "features (0)"},
		"negative width":    {build(func(c *captioning.RNNConfig) { c.HiddenDim = -3 }), "hidden state (-3)"},
		"no stream":         {build(func(c *captioning.RNNConfig) { c.Stream = nil }), "Stream"},
		"whole numbers":     {build(func(c *captioning.RNNConfig) { c.DType = dtypes.Int32 }), "not Int32"},
		"word past the end": {loss([]int32{1, 2, 3}), "word 2 of caption 0 has the id 3, outside the vocabulary of 3 words"},
		"negative word":     {loss([]int32{1, 2}, []int32{-1, 2}), "word 0 of caption 1 has the id -1"},
		"ragged captions":   {loss([]int32{1, 2}, []int32{1}), "caption 1 has 1 words and caption 0 has 2"},
		"too short":         {loss([]int32{1}), "at least 2 words"},
		"no captions":       {loss(), "at least one caption"},
	} {
		t.Run(name, func(t *testing.T) { refused(t, c.err, c.wantErr) })
	}
}
