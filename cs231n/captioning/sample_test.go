package captioning_test

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/floats"

	"github.com/cs231n-go/assignment3/cs231n/captioning"
	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// TestTransformerSampling compares the ways to sample with the scores of whole captions, which use no cache.
func TestTransformerSampling(t *testing.T) {
	slow(t)
	t.Parallel()
	m, data := trained(t)
	features, images := data.Val.Features, data.Val.Images()
	sample := func(o captioning.SampleOptions) [][]int32 {
		ids, err := m.Sample(testbackend.Get(t), features, o)
		require.NoError(t, err)
		return ids
	}
	var steps [][2]int
	progress := func(done, total int) { steps = append(steps, [2]int{done, total}) }
	greedy, one, four := sample(captioning.SampleOptions{}), sample(captioning.SampleOptions{Beams: 1}), sample(captioning.SampleOptions{Beams: 4, Progress: progress})
	require.Equal(t, [][2]int{{images, images}}, steps, "a beam search reports its batch")
	const temperature, topK = 3, 5 // so high that the fifth word is drawn, too
	drawn := sample(captioning.SampleOptions{Temperature: temperature, TopK: topK, Stream: rng.NewTorch(1)})
	scores := scoresOf(t, m, data, slices.Repeat(features, 4), slices.Concat(greedy, one, four, drawn))

	uniform, stream := make([]float32, len(data.Vocab.Words)), rng.NewTorch(1)
	different, better, unlikely := map[string]bool{}, 0, 0
	for i := range greedy {
		different[data.Vocab.Decode(greedy[i])] = true
		require.Equal(t, data.Vocab.Decode(greedy[i]), data.Vocab.Decode(one[i]), "one beam is greedy")
		single, several := logProb(data, one[i], scores[images+i]), logProb(data, four[i], scores[2*images+i])
		require.GreaterOrEqual(t, several, single-1e-9, "more beams find captions that are as probable")
		if several > single+1e-9 {
			better++
		}
		for at := range greedy[i] {
			require.EqualValues(t, floats.MaxIdx(scores[i][at]), greedy[i][at], "image %d, word %d: the highest score", i, at)
			stream.Uniform(uniform, 0, 1)
			require.EqualValues(t, gumbelMax(scores[3*images+i][at], uniform, temperature, topK), drawn[i][at], "image %d, word %d", i, at)
			if drawn[i][at] != int32(floats.MaxIdx(scores[3*images+i][at])) {
				unlikely++
			}
		}
	}
	require.Greater(t, len(different), 1, "different images get different captions")
	require.Positive(t, better, "more beams find a caption that is more probable")
	require.Positive(t, unlikely, "a temperature draws words that are not the most probable")
}

// gumbelMax draws a word from the topK highest scores with the Gumbel-max trick.
func gumbelMax(scores []float64, uniform []float32, temperature float64, topK int) (word int) {
	least, best := slices.Sorted(slices.Values(scores))[len(scores)-topK], math.Inf(-1)
	for i, u := range uniform {
		if x := scores[i]/temperature - math.Log(-math.Log(float64(u))); scores[i] >= least && x > best {
			word, best = i, x
		}
	}
	return word
}

// scoresOf returns the scores of all words at each position of captions, as the model computes them from the words before.
func scoresOf(t *testing.T, m *captioning.Transformer, data *coco.Data, features []float32, captions [][]int32) [][][]float64 {
	t.Helper()
	var read [][]int32
	for _, caption := range captions {
		read = append(read, append([]int32{int32(data.Vocab.IDs[coco.Start])}, caption[:len(caption)-1]...))
	}
	scores, err := m.Scores(testbackend.Get(t), tensors.FromFlatDataAndDimensions(features, len(captions), data.Val.Dim), read, nil)
	require.NoError(t, err)
	positions := slices.Collect(slices.Chunk(scores, len(data.Vocab.Words)))
	return slices.Collect(slices.Chunk(positions, len(captions[0])))
}

// logProb returns the log-probability of a caption up to its end.
func logProb(data *coco.Data, caption []int32, scores [][]float64) (sum float64) {
	for i, id := range caption {
		sum += scores[i][id] - floats.LogSumExp(scores[i])
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
	drawn, err := m.Sample(testbackend.Get(t), features, captioning.SampleOptions{Length: 1, Temperature: 1, Stream: rng.NewTorch(5)})
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

// words5 is the smallest vocabulary with all special tokens.
func words5() map[string]int {
	words := pets()
	words[coco.Start], words[coco.End] = 1, 4
	return words
}

// untrained returns a Transformer with random parameters.
func untrained(t *testing.T, words map[string]int) *captioning.Transformer {
	t.Helper()
	m, err := captioning.NewTransformer(captioning.TransformerConfig{WordToIdx: words, InputDim: 4, WordvecDim: 12, MaxLength: 8, Stream: rng.NewTorch(1)})
	require.NoError(t, err)
	return m
}

// TestSampleLength samples captions of the default length, shorter and longer ones, and with the most beams and words.
func TestSampleLength(t *testing.T) {
	slow(t)
	t.Parallel()
	backend, features, stream := testbackend.Get(t), make([]float32, 2*4), rng.NewTorch(1)
	m := untrained(t, words5())
	for name, o := range map[string]captioning.SampleOptions{
		"greedy": {}, "short": {Length: 3}, "all beams": {Beams: 5}, "all words": {Temperature: 1, TopK: 5, Stream: stream},
	} {
		ids, err := m.Sample(backend, features, o)
		require.NoError(t, err, name)
		require.Len(t, ids, 2, name)
		require.Len(t, ids[1], cmp.Or(o.Length, 8), name)
	}
	r, err := captioning.NewRNN(captioning.RNNConfig{WordToIdx: words5(), InputDim: 4, Stream: rng.NewNumPy(1)})
	require.NoError(t, err)
	for _, length := range []int{0, 40} {
		ids, err := r.Sample(backend, features, captioning.SampleOptions{Length: length, Stream: stream})
		require.NoError(t, err, "a stream that is not needed does no harm")
		require.Len(t, ids, 2)
		require.Len(t, ids[1], cmp.Or(length, 30))
	}
}

// TestSampleBatches samples more images than fit in one call of the program. Each caption depends only on its image.
func TestSampleBatches(t *testing.T) {
	slow(t)
	t.Parallel()
	backend, dim := testbackend.Get(t), 4
	m, err := captioning.NewRNN(captioning.RNNConfig{WordToIdx: words5(), InputDim: dim, Stream: rng.NewNumPy(1)})
	require.NoError(t, err)
	features := make([]float32, 300*dim)
	for i := range features {
		features[i] = float32(math.Sin(float64(i)))
	}
	var steps [][2]int
	progress := func(done, total int) { steps = append(steps, [2]int{done, total}) }
	all, err := m.Sample(backend, features, captioning.SampleOptions{Length: 3, Progress: progress})
	require.NoError(t, err)
	require.Len(t, all, 300)
	require.Equal(t, [][2]int{{256, 300}, {300, 300}}, steps)
	steps = nil
	small, err := m.Sample(backend, features, captioning.SampleOptions{Length: 3, Progress: progress, Batch: 120})
	require.NoError(t, err)
	require.Equal(t, all, small)
	require.Equal(t, [][2]int{{120, 300}, {240, 300}, {300, 300}}, steps)
	_, err = m.Sample(backend, features, captioning.SampleOptions{Batch: -1})
	require.ErrorContains(t, err, "a batch cannot have -1 images")
	last, err := m.Sample(backend, features[200*dim:], captioning.SampleOptions{Length: 3})
	require.NoError(t, err)
	require.Equal(t, last, all[200:])
	different := map[string]bool{}
	for _, caption := range all {
		different[fmt.Sprint(caption)] = true
	}
	require.Greater(t, len(different), 1, "different images get different captions")
}

func TestSampleRefuses(t *testing.T) {
	t.Parallel()
	m, stream := untrained(t, words5()), rng.NewTorch(1)
	noStart, noEnd := words5(), words5()
	delete(noStart, coco.Start)
	delete(noEnd, coco.End)
	r, err := captioning.NewRNN(captioning.RNNConfig{CellType: "lstm", WordToIdx: words5(), InputDim: 4, Stream: rng.NewNumPy(1)})
	require.NoError(t, err)
	many := map[string]int{coco.Null: 0, coco.Start: 1, coco.End: 2}
	for i := len(many); i < 150; i++ {
		many[fmt.Sprint(i)] = i
	}
	const exclude, greedily = "beams, a temperature and dropout exclude each other", "an RNN of kind lstm samples greedily"
	for name, c := range map[string]struct {
		model   captioning.Sampler
		o       captioning.SampleOptions
		wantErr string
	}{
		"beams of an RNN":               {r, captioning.SampleOptions{Beams: 1}, greedily},
		"a temperature of an RNN":       {r, captioning.SampleOptions{Temperature: 1, Stream: stream}, greedily},
		"a choice of an RNN":            {r, captioning.SampleOptions{TopK: 1, Stream: stream}, greedily},
		"dropout of an RNN":             {r, captioning.SampleOptions{Dropout: true, Stream: stream}, greedily},
		"a negative length of an RNN":   {r, captioning.SampleOptions{Length: -1}, "captions cannot have -1 words"},
		"an RNN without a start":        {double(t, "rnn", 4, 5, 6, rng.NewNumPy(1)), captioning.SampleOptions{}, "no start token <START>"},
		"without a start":               {untrained(t, noStart), captioning.SampleOptions{}, "no start token <START>"},
		"beams without an end":          {untrained(t, noEnd), captioning.SampleOptions{Beams: 2}, "the vocabulary has no end token <END>"},
		"beams with a temperature":      {m, captioning.SampleOptions{Beams: 2, Temperature: 1, Stream: stream}, exclude},
		"beams with top K":              {m, captioning.SampleOptions{Beams: 2, TopK: 2, Stream: stream}, exclude},
		"beams with dropout":            {m, captioning.SampleOptions{Beams: 2, Dropout: true, Stream: stream}, exclude},
		"a temperature with dropout":    {m, captioning.SampleOptions{Temperature: 1, Dropout: true, Stream: stream}, exclude},
		"negative beams":                {m, captioning.SampleOptions{Beams: -1}, "1 to 5 beams, not -1"},
		"too many beams":                {m, captioning.SampleOptions{Beams: 6}, "1 to 5 beams, not 6"},
		"more beams than are compiled":  {untrained(t, many), captioning.SampleOptions{Beams: 101}, "1 to 100 beams, not 101"},
		"a negative length":             {m, captioning.SampleOptions{Length: -1}, "captions of -1 words do not fit the model: its captions have 1 to 8 words"},
		"longer than the model":         {m, captioning.SampleOptions{Length: 9, Beams: 2}, "captions of 9 words do not fit the model: its captions have 1 to 8 words"},
		"no temperature":                {m, captioning.SampleOptions{TopK: 3, Stream: stream}, "must be above 0 and finite, not 0"},
		"a negative temperature":        {m, captioning.SampleOptions{Temperature: -1, Stream: stream}, "not -1"},
		"no number":                     {m, captioning.SampleOptions{Temperature: math.NaN(), Stream: stream}, "not NaN"},
		"an infinite temperature":       {m, captioning.SampleOptions{Temperature: math.Inf(1), Stream: stream}, "not +Inf"},
		"a negative choice":             {m, captioning.SampleOptions{Temperature: 1, TopK: -1, Stream: stream}, "top K can be 1 to 5 words, not -1"},
		"a choice of too many words":    {m, captioning.SampleOptions{Temperature: 1, TopK: 9, Stream: stream}, "top K can be 1 to 5 words, not 9"},
		"a temperature without numbers": {m, captioning.SampleOptions{Temperature: 1}, "need a Stream"},
		"dropout without numbers":       {m, captioning.SampleOptions{Dropout: true}, "need a Stream"},
	} {
		ids, err := c.model.Sample(nil, make([]float32, 4), c.o)
		require.Nil(t, ids, name)
		refused(t, err, c.wantErr)
		require.Contains(t, err.Error(), "captioning: ")
	}
	require.Equal(t, state(t, rng.NewTorch(1)), state(t, stream), "nothing is drawn")
	for _, o := range []captioning.SampleOptions{{}, {Beams: 2}, {Dropout: true, Stream: stream}, {Temperature: 1, Stream: stream}} {
		_, err := m.Sample(nil, make([]float32, 5), o)
		refused(t, err, "want one or more images of 4 feature values, got 5 values")
		_, err = m.Sample(nil, nil, o)
		refused(t, err, "want one or more images of 4 feature values, got 0 values")
	}
	_, err = r.Sample(nil, make([]float32, 3), captioning.SampleOptions{})
	refused(t, err, "want one or more images of 4 feature values, got 3 values")
}

func TestReadBy(t *testing.T) {
	t.Parallel()
	vocab := &coco.Vocab{Words: []string{coco.Null, coco.Start, coco.End, "a", "dog"}}
	vocab.IDs = map[string]int{coco.Null: 0, coco.Start: 1, coco.End: 2, "a": 3, "dog": 4}
	for _, caption := range [][]int32{{3, 4, 2, 0, 0}, {3, 4}} {
		ids, words := captioning.ReadBy(vocab, caption)
		require.Equal(t, []int32{1, 3, 4}, ids)
		require.Equal(t, []string{coco.Start, "a", "dog"}, words)
	}
}
