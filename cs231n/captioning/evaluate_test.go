package captioning_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/captioning"
	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
)

// parrot is a sampler that returns given captions and records the arguments of Sample.
type parrot struct {
	captions [][]int32
	err      error
	features []float32
	options  captioning.SampleOptions
}

func (p *parrot) Sample(_ compute.Backend, features []float32, o captioning.SampleOptions) ([][]int32, error) {
	p.features, p.options = features, o
	return p.captions, p.err
}

// letters returns a vocabulary with the words a to d.
func letters() *coco.Vocab {
	v := &coco.Vocab{Words: []string{coco.Null, coco.Start, coco.End, coco.Unknown, "a", "b", "c", "d"}, IDs: map[string]int{}}
	for i, word := range v.Words {
		v.IDs[word] = i
	}
	return v
}

// encode returns a caption of a given length.
func encode(v *coco.Vocab, length int, caption string) []int32 {
	ids := make([]int32, length)
	for i, word := range strings.Fields(caption) {
		ids[i] = int32(v.IDs[word])
	}
	return ids
}

// TestEvaluate compares given captions with given references. The scores are computed by hand but for CIDEr-D.
func TestEvaluate(t *testing.T) {
	t.Parallel()
	vocab := letters()
	split := &coco.Split{Length: 6, Dim: 1, Features: []float32{0, 1, 2, 3, 4}, URLs: []string{"0.png", "1.png", "2.png", "3.png", "4.png"}}
	for _, c := range []struct {
		image   int32
		caption string
	}{
		{2, "<START> a b c d <END>"}, {0, "<START> b c <END>"}, {3, "<START> a a <END>"}, {2, "<START> a b <END>"}, {4, "<START> c <UNK> <END>"},
	} {
		split.Captions, split.ImageIdxs = append(split.Captions, encode(vocab, 6, c.caption)...), append(split.ImageIdxs, c.image)
	}
	model := &parrot{captions: [][]int32{
		encode(vocab, 7, "b d <END>"), encode(vocab, 7, "d d d d"), encode(vocab, 7, "a b c d <END> d d"), encode(vocab, 7, "<START> a <END>"), encode(vocab, 7, "a <UNK>"),
	}}
	options := captioning.SampleOptions{Length: 7, Beams: 3}
	got, err := captioning.Evaluate(nil, model, split, vocab, options)
	require.NoError(t, err)
	require.Equal(t, options, model.options)
	require.Equal(t, split.Features, model.features)

	// Image 2 matches exactly. Images 0 and 4 match one of two words and no pair. Image 3 matches one word of one, with two in
	// the reference.
	require.Equal(t, []captioning.Described{
		{Image: 2, URL: "2.png", Caption: "a b c d", References: []string{"a b c d", "a b"}, Score: 1},
		{Image: 0, URL: "0.png", Caption: "b d", References: []string{"b c"}, Score: 0.25},
		{Image: 4, URL: "4.png", Caption: "a <UNK>", References: []string{"c <UNK>"}, Score: 0.25},
		{Image: 3, URL: "3.png", Caption: "a", References: []string{"a a"}, Score: math.Exp(-1) / 2},
	}, got.Images)

	// In total 7 words of 9 are right, 3 pairs of 5, 2 triples of 2 and the only group of four. The references have 10.
	require.Equal(t, [2]int{9, 10}, [2]int{got.Length, got.ReferenceLength})
	require.InDeltaSlice(t, []float64{7.0 / 9, 3.0 / 5, 1, 1}, got.Precision[:], 1e-15)
	penalty := math.Exp(1 - 10.0/9)
	require.InDelta(t, penalty, got.BrevityPenalty, 1e-15)
	for n, want := range []float64{7.0 / 9, math.Sqrt(7.0 / 15), math.Cbrt(7.0 / 15), math.Pow(7.0/15, 0.25)} {
		require.InDelta(t, penalty*want, got.BLEU[n], 1e-15, "BLEU-%d", n+1)
	}

	// Half of the words in order for images 0 and 4, all for 2; precision 1 and recall 1/2 for 3.
	require.InDelta(t, (0.5+1+1.22/1.94+0.5)/4, got.ROUGEL, 1e-15)
	require.InDelta(t, 3.0372402427498826, got.CIDErD, 1e-12, "by pycocoevalcap")
}

func TestEvaluateRefuses(t *testing.T) {
	t.Parallel()
	vocab, model := letters(), &parrot{captions: [][]int32{{4}}}
	split := &coco.Split{Length: 6, Dim: 1, Features: []float32{0}, URLs: []string{"0.png"}}
	_, err := captioning.Evaluate(nil, model, split, vocab, captioning.SampleOptions{})
	refused(t, err, "captioning: metrics: BLEU of no candidates")
	model.err = errors.New("no words")
	_, err = captioning.Evaluate(nil, model, split, vocab, captioning.SampleOptions{})
	require.Equal(t, model.err, err)
}

// TestEvaluateModel evaluates the captions of an untrained model and the references themselves.
func TestEvaluateModel(t *testing.T) {
	t.Parallel()
	s, _, m := small(t, "")
	e, err := captioning.Evaluate(testbackend.Get(t), m, &s.Data.Val, &s.Data.Vocab, captioning.SampleOptions{})
	require.NoError(t, err)
	require.NotEmpty(t, e.Images)
	require.Less(t, e.BLEU[3], 0.2, "an untrained model")
	for i, d := range e.Images {
		require.NotEmpty(t, d.References)
		require.NotContains(t, d.Caption+strings.Join(d.References, " "), "<END>")
		if i > 0 {
			require.LessOrEqual(t, d.Score, e.Images[i-1].Score, "best first")
		}
	}
}
