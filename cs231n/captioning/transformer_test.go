package captioning_test

import (
	"context"
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/floats"

	"github.com/cs231n-go/assignment3/cs231n/captioning"
	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/gradcheck"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// TestTransformerScores compares with the scores that the notebook expects, dropout included. The error is what
// it prints but for the last bits of sines and cosines, which PyTorch rounds in a way of its own.
func TestTransformerScores(t *testing.T) {
	t.Parallel()
	stream := rng.NewTorch(231)
	const n, d, w, steps = 4, 20, 30, 3
	m, err := captioning.NewTransformer(captioning.TransformerConfig{
		WordToIdx: pets(), InputDim: d, WordvecDim: w, Heads: 2, Layers: 2, MaxLength: 30, DType: dtypes.Float64, Stream: stream,
	})
	require.NoError(t, err)
	for _, p := range m.Params() {
		require.NoError(t, p.SetValue(gradcheck.Linspace(-1.4, 1.3, p.Shape().Dimensions...)))
	}
	words := make([][]int32, n)
	for i := range n * steps {
		words[i/steps] = append(words[i/steps], int32(i%3))
	}
	got, err := m.Scores(testbackend.Get(t), gradcheck.Linspace(-1.5, 0.3, n, d), words, stream)
	require.NoError(t, err)
	want := []float64{
		-16.9532, 4.8261, 26.6054, -17.1033, 4.6906, 26.4844, -15.0708, 4.1108, 23.2924,
		-17.1767, 4.5897, 26.3562, -15.6017, 4.8693, 25.3403, -15.1028, 4.6905, 24.4839,
		-17.2172, 4.7701, 26.7574, -16.6755, 4.8500, 26.3754, -17.2172, 4.7701, 26.7574,
		-16.3669, 4.1602, 24.6872, -16.7897, 4.3467, 25.4831, -17.0103, 4.7775, 26.5652,
	}
	require.InEpsilon(t, 5.0561688361043265e-06, gradcheck.RelError(want, got), 5e-4)
}

// trained is a Transformer that has learnt some captions of the small data set by heart, for all tests to look at.
func trained(t *testing.T) (*captioning.Transformer, *coco.Data) {
	t.Helper()
	learnt.once.Do(func() {
		data, err := coco.Load("testdata/small", coco.Options{})
		require.NoError(t, err)
		m, err := captioning.NewTransformer(captioning.TransformerConfig{
			WordToIdx: data.Vocab.IDs, InputDim: data.Train.Dim, WordvecDim: 16, Heads: 2, Layers: 2, MaxLength: 8, DType: dtypes.Float64, Stream: rng.NewTorch(231),
		})
		require.NoError(t, err)
		_, err = captioning.Solver{
			Model: m, Data: data, Stream: rng.NewNumPy(231), LearningRate: 3e-3, BatchSize: 20, Iters: 80,
		}.Train(context.Background(), testbackend.Get(t))
		require.NoError(t, err)
		learnt.model, learnt.data = m, data
	})
	require.NotNil(t, learnt.model, "another test failed to train it")
	return learnt.model, learnt.data
}

var learnt struct {
	once  sync.Once
	model *captioning.Transformer
	data  *coco.Data
}

// TestTransformerSampling compares the ways to sample: with the cache and without it, greedy and with beams.
func TestTransformerSampling(t *testing.T) {
	slow(t)
	t.Parallel()
	backend := testbackend.Get(t)
	m, data := trained(t)
	features := data.Val.Features[:3*data.Val.Dim]
	greedy, err := m.Sample(backend, features, 0)
	require.NoError(t, err)
	again, err := m.SampleWithDropout(backend, features, 0, nil)
	require.NoError(t, err)
	require.Equal(t, again, greedy, "word for word what scoring everything again each time gives")
	noisy, err := m.SampleWithDropout(backend, features, 3, rng.NewTorch(1))
	require.NoError(t, err)
	require.Len(t, noisy[2], 3)
	different := map[string]bool{}
	for _, caption := range greedy {
		different[data.Vocab.Decode(caption)] = true
	}
	require.Greater(t, len(different), 1, "the images are told apart")

	one, err := m.Beam(backend, features, 0, 1)
	require.NoError(t, err)
	four, err := m.Beam(backend, features, 0, 4)
	require.NoError(t, err)
	better := 0
	for i := range greedy {
		require.Equal(t, data.Vocab.Decode(greedy[i]), data.Vocab.Decode(one[i]), "one beam is greedy")
		f := features[i*data.Val.Dim : (i+1)*data.Val.Dim]
		a, b := logProb(t, m, data, f, one[i]), logProb(t, m, data, f, four[i])
		require.GreaterOrEqual(t, b, a-1e-9, "more beams find captions that are as probable")
		if b > a+1e-9 {
			better++
		}
	}
	require.Positive(t, better, "and some that are more probable")

	cold, err := m.Random(backend, features, 0, 1e-4, 0, rng.NewTorch(1))
	require.NoError(t, err)
	require.Equal(t, greedy, cold, "next to no temperature")
	first, err := m.Random(backend, features, 0, 3, 1, rng.NewTorch(1))
	require.NoError(t, err)
	require.Equal(t, greedy, first, "a choice of one word")
	some, err := m.Random(backend, features, 0, 1, 5, rng.NewTorch(1))
	require.NoError(t, err)
	same, err := m.Random(backend, features, 0, 1, 5, rng.NewTorch(1))
	require.NoError(t, err)
	other, err := m.Random(backend, features, 0, 1, 5, rng.NewTorch(2))
	require.NoError(t, err)
	require.Equal(t, some, same, "the stream decides")
	require.NotEqual(t, some, other)
}

// logProb is the log-probability of a caption up to its end.
func logProb(t *testing.T, m *captioning.Transformer, data *coco.Data, features []float32, caption []int32) float64 {
	t.Helper()
	read := append([]int32{int32(data.Vocab.IDs[coco.Start])}, caption[:len(caption)-1]...)
	scores, err := m.Scores(testbackend.Get(t), tensors.FromFlatDataAndDimensions(features, 1, len(features)), [][]int32{read}, nil)
	require.NoError(t, err)
	sum, v := 0.0, len(data.Vocab.Words)
	for i, id := range caption {
		of := scores[i*v : (i+1)*v]
		sum += of[id] - floats.LogSumExp(of)
		if data.Vocab.Words[id] == coco.End {
			break
		}
	}
	return sum
}

// TestTransformerRandomFrequencies draws many first words and compares their share with their probability.
func TestTransformerRandomFrequencies(t *testing.T) {
	slow(t)
	t.Parallel()
	m, data := trained(t)
	const draws = 4000
	features := slices.Repeat(data.Val.Features[:data.Val.Dim], draws)
	drawn, err := m.Random(testbackend.Get(t), features, 1, 1, 0, rng.NewTorch(5))
	require.NoError(t, err)
	share := map[int32]float64{}
	for _, caption := range drawn {
		share[caption[0]] += 1.0 / draws
	}
	scores, err := m.Scores(testbackend.Get(t), tensors.FromFlatDataAndDimensions(features[:data.Val.Dim], 1, data.Val.Dim), [][]int32{{int32(data.Vocab.IDs[coco.Start])}}, nil)
	require.NoError(t, err)
	total := floats.LogSumExp(scores)
	for word, score := range scores {
		p := math.Exp(score - total)
		require.InDelta(t, p, share[int32(word)], 4*math.Sqrt(p*(1-p)/draws)+1e-3, data.Vocab.Words[word])
	}
}

// TestTransformerLeaks changes later words: nothing before them may change. And it makes captions longer by padding.
func TestTransformerLeaks(t *testing.T) {
	slow(t)
	t.Parallel()
	m, data := trained(t)
	inputs := []*tensors.Tensor{tensors.FromFlatDataAndDimensions(data.Val.Features[:data.Val.Dim], 1, data.Val.Dim), nil}
	for _, p := range m.Params() {
		inputs = append(inputs, p.MustValue())
	}
	scores := func(words ...int32) []float64 {
		inputs[1] = tensors.FromFlatDataAndDimensions(words, 1, len(words))
		s, err := gradcheck.Eval(testbackend.Get(t), func(in []*Node) *Node {
			s, _ := m.ScoresGraph(in[2:], in[0], in[1], nil)
			return s
		}, inputs...)
		require.NoError(t, err)
		return s
	}
	v := len(data.Vocab.Words)
	before := scores(1, 4, 5, 6, 7)
	for at := 1; at < 5; at += 3 {
		words := []int32{1, 4, 5, 6, 7}
		words[at] = 9
		after := scores(words...)
		require.InDeltaSlice(t, before[:at*v], after[:at*v], 1e-13, "word %d", at)
		require.Greater(t, math.Abs(before[at*v]-after[at*v]), 1e-9, "word %d", at)
	}
	require.InDeltaSlice(t, before, scores(1, 4, 5, 6, 7, 0, 0)[:5*v], 1e-13, "padding")
}

func TestTransformerRefuses(t *testing.T) {
	t.Parallel()
	build := func(change func(c *captioning.TransformerConfig)) error {
		c := captioning.TransformerConfig{WordToIdx: pets(), InputDim: 4, WordvecDim: 12, Stream: rng.NewTorch(1)}
		change(&c)
		_, err := captioning.NewTransformer(c)
		return err
	}
	words := pets()
	words[coco.Start], words[coco.End] = 3, 4
	m, err := captioning.NewTransformer(captioning.TransformerConfig{WordToIdx: words, InputDim: 4, WordvecDim: 12, MaxLength: 8, Stream: rng.NewTorch(1)})
	require.NoError(t, err)
	beam := func(maxLength, beams int) error {
		_, err := m.Beam(nil, make([]float32, 4), maxLength, beams)
		return err
	}
	random := func(temperature float64, topK int, stream *rng.Torch) error {
		_, err := m.Random(nil, make([]float32, 4), 3, temperature, topK, stream)
		return err
	}
	read := func(words ...int32) error {
		_, err := m.Attention(nil, make([]float32, 4), words)
		return err
	}
	stream := rng.NewTorch(1)
	_, features := m.Sample(nil, make([]float32, 5), 3)
	for name, c := range map[string]struct {
		err  error
		says string
	}{
		"heads that do not divide": {build(func(c *captioning.TransformerConfig) { c.Heads = 5 }), "5 heads do not divide the word vectors of 12"},
		"negative heads":           {build(func(c *captioning.TransformerConfig) { c.Heads = -2 }), "-2 heads"},
		"odd vectors":              {build(func(c *captioning.TransformerConfig) { c.WordvecDim, c.Heads = 15, 3 }), "even number"},
		"no features":              {build(func(c *captioning.TransformerConfig) { c.InputDim = 0 }), "features (0)"},
		"negative layers":          {build(func(c *captioning.TransformerConfig) { c.Layers = -1 }), "at least one layer (-1)"},
		"no stream":                {build(func(c *captioning.TransformerConfig) { c.Stream = nil }), "Stream"},
		"no padding":               {build(func(c *captioning.TransformerConfig) { c.WordToIdx = map[string]int{"cat": 0} }), "no <NULL>"},
		"no beams":                 {beam(3, 0), "1 to 5 beams, not 0"},
		"too many beams":           {beam(3, 6), "not 6"},
		"longer than the model":    {beam(9, 2), "captions of 9 words do not fit the model, which was made for 1 to 8"},
		"no temperature":           {random(0, 0, stream), "must be above 0, not 0"},
		"negative temperature":     {random(-1, 0, stream), "not -1"},
		"no number":                {random(math.NaN(), 0, stream), "not NaN"},
		"too many words":           {random(1, 9, stream), "1 to 5 most probable words, not 9"},
		"no random numbers":        {random(1, 0, nil), "need a stream"},
		"a caption of no words":    {read(), "1 words at least"},
		"a caption too long":       {read(0, 0, 0, 0, 0, 0, 0, 0, 0), "captions of 9 words do not fit the model"},
		"a word it does not know":  {read(0, 5), "word 1 of caption 0 has the id 5"},
		"half an image":            {features, "5 feature values are no whole images of 4"},
	} {
		require.ErrorContains(t, c.err, c.says, name)
	}
}
