package captioning_test

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/arrays"
	"github.com/cs231n-go/assignment3/cs231n/captioning"
	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/gradcheck"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// TestTransformerScores compares the scores with those that the notebook expects, dropout included. The error equals the
// printed one except for the rounding of sines and cosines, which differs in PyTorch.
func TestTransformerScores(t *testing.T) {
	t.Parallel()
	stream := rng.NewTorch(231)
	const n, d, w, steps = 4, 20, 30, 3
	m, err := captioning.NewTransformer(captioning.TransformerConfig{
		WordToIdx: pets(), InputDim: d, WordvecDim: w, Heads: 2, Layers: 2, MaxLength: 30, DType: dtypes.Float64, Stream: stream,
	})
	require.NoError(t, err)
	for _, p := range m.Params() {
		require.NoError(t, p.SetValue(arrays.Linspace(-1.4, 1.3, p.Shape().Dimensions...)))
	}
	words := make([][]int32, n)
	for i := range n * steps {
		words[i/steps] = append(words[i/steps], int32(i%3))
	}
	got, err := m.Scores(testbackend.Get(t), arrays.Linspace(-1.5, 0.3, n, d), words, stream)
	require.NoError(t, err)
	want := []float64{
		-16.9532, 4.8261, 26.6054, -17.1033, 4.6906, 26.4844, -15.0708, 4.1108, 23.2924,
		-17.1767, 4.5897, 26.3562, -15.6017, 4.8693, 25.3403, -15.1028, 4.6905, 24.4839,
		-17.2172, 4.7701, 26.7574, -16.6755, 4.8500, 26.3754, -17.2172, 4.7701, 26.7574,
		-16.3669, 4.1602, 24.6872, -16.7897, 4.3467, 25.4831, -17.0103, 4.7775, 26.5652,
	}
	require.InEpsilon(t, 5.0561688361043265e-06, gradcheck.RelError(want, got), 5e-4)
}

// trained returns a Transformer that has memorized some captions of the small data set, shared by all tests.
func trained(t *testing.T) (*captioning.Transformer, *coco.Data) {
	t.Helper()
	memorized.once.Do(func() {
		data, err := coco.Load("testdata/small", coco.Options{})
		require.NoError(t, err)
		m, err := captioning.NewTransformer(captioning.TransformerConfig{
			WordToIdx: data.Vocab.IDs, InputDim: data.Train.Dim, WordvecDim: 16, Heads: 2, Layers: 2, MaxLength: 8, DType: dtypes.Float64, Stream: rng.NewTorch(231),
		})
		require.NoError(t, err)
		train(t, captioning.Solver{Model: m, Data: data, Stream: rng.NewNumPy(231), LearningRate: 3e-3}, training.Options{BatchSize: 20, Iters: 80})
		memorized.model, memorized.data = m, data
	})
	require.NotNil(t, memorized.model, "another test failed to train it")
	return memorized.model, memorized.data
}

var memorized struct {
	once  sync.Once
	model *captioning.Transformer
	data  *coco.Data
}

// TestTransformerLeaks changes later words, which must not affect earlier scores. It also pads captions.
func TestTransformerLeaks(t *testing.T) {
	slow(t)
	t.Parallel()
	m, data := trained(t)
	scores := func(captions ...[]int32) [][]float64 {
		features := slices.Repeat(data.Val.Features[:data.Val.Dim], len(captions))
		all, err := m.Scores(testbackend.Get(t), tensors.FromFlatDataAndDimensions(features, len(captions), data.Val.Dim), captions, nil)
		require.NoError(t, err)
		return slices.Collect(slices.Chunk(all, len(all)/len(captions)))
	}
	v := len(data.Vocab.Words)
	captions := [][]int32{{1, 4, 5, 6, 7}}
	for at := 1; at < 5; at++ {
		captions = append(captions, slices.Clone(captions[0]))
		captions[at][at] = 9
	}
	all := scores(captions...)
	before := all[0]
	for at, after := range all[1:] {
		at++
		require.InDeltaSlice(t, before[:at*v], after[:at*v], 1e-13, "word %d", at)
		require.Greater(t, math.Abs(before[at*v]-after[at*v]), 1e-9, "word %d", at)
	}
	require.InDeltaSlice(t, before, scores([]int32{1, 4, 5, 6, 7, 0, 0})[0][:5*v], 1e-13, "padding")
}

func TestTransformerRefuses(t *testing.T) {
	t.Parallel()
	build := func(change func(c *captioning.TransformerConfig)) error {
		c := captioning.TransformerConfig{WordToIdx: pets(), InputDim: 4, WordvecDim: 12, Stream: rng.NewTorch(1)}
		change(&c)
		_, err := captioning.NewTransformer(c)
		return err
	}
	m := untrained(t, words5())
	read := func(words ...int32) error {
		_, err := m.Attention(nil, make([]float32, 4), words)
		return err
	}
	_, features := m.Attention(nil, make([]float32, 5), []int32{1})
	for name, c := range map[string]struct {
		err     error
		wantErr string
	}{
		"heads that do not divide": {build(func(c *captioning.TransformerConfig) { c.Heads = 5 }), "5 heads do not divide the word vectors of 12"},
		"negative heads":           {build(func(c *captioning.TransformerConfig) { c.Heads = -2 }), "-2 heads"},
		"odd vectors":              {build(func(c *captioning.TransformerConfig) { c.WordvecDim, c.Heads = 15, 3 }), "even number"},
		"no features":              {build(func(c *captioning.TransformerConfig) { c.InputDim = 0 }), "features (0)"},
		"no vectors":               {build(func(c *captioning.TransformerConfig) { c.WordvecDim = 0 }), "word vectors (0)"},
		"negative layers":          {build(func(c *captioning.TransformerConfig) { c.Layers = -1 }), "at least one layer (-1)"},
		"negative length":          {build(func(c *captioning.TransformerConfig) { c.MaxLength = -1 }), "at least one word (-1)"},
		"integers":                 {build(func(c *captioning.TransformerConfig) { c.DType = dtypes.Int32 }), "not Int32"},
		"no stream":                {build(func(c *captioning.TransformerConfig) { c.Stream = nil }), "Stream"},
		"no padding":               {build(func(c *captioning.TransformerConfig) { c.WordToIdx = map[string]int{"cat": 0} }), "no padding token <NULL>"},
		"a caption of no words":    {read(), "at least 1 words"},
		"a caption too long":       {read(0, 0, 0, 0, 0, 0, 0, 0, 0), "captions of 9 words are longer than the model's maximum length 8"},
		"an unknown word":          {read(0, 5), "word 1 of caption 0 has the id 5"},
		"features of another size": {features, "the features are (Float32)[1, 5], want (1, 4), captions by features"},
	} {
		t.Run(name, func(t *testing.T) { refused(t, c.err, c.wantErr) })
	}
}

// TestTransformerTakesTheLongest accepts captions of the maximum length and refuses longer ones.
func TestTransformerTakesTheLongest(t *testing.T) {
	t.Parallel()
	m := untrained(t, words5())
	maps, err := m.Attention(testbackend.Get(t), make([]float32, 4), make([]int32, 8))
	require.NoError(t, err)
	require.Len(t, maps, 2, "layers")
	require.Len(t, maps[0], 4, "heads")
	require.Len(t, maps[0][0], 8)
	require.InDelta(t, 1, maps[1][3][0][0], 1e-6)
	require.Zero(t, maps[1][3][0][1])

	data, err := coco.Load("testdata/small", coco.Options{})
	require.NoError(t, err)
	check := func(longest int) error {
		m, err := captioning.NewTransformer(captioning.TransformerConfig{
			WordToIdx: data.Vocab.IDs, InputDim: data.Train.Dim, WordvecDim: 4, MaxLength: longest, Stream: rng.NewTorch(1),
		})
		require.NoError(t, err)
		return m.Check(data)
	}
	words := data.Train.Length - 1
	require.NoError(t, check(words))
	refused(t, check(words-1), fmt.Sprintf("the captions have %d words to read, the model reads %d at most", words, words-1))
}
