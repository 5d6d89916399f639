package captioning

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/compute"

	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/metrics"
)

// Sampler describes images. Both models are one.
type Sampler interface {
	// Sample describes images by their features, (N, D) flat, in at most maxLength words each; 0 means [MaxLength].
	Sample(backend compute.Backend, features []float32, maxLength int) ([][]int32, error)
}

// Evaluation tells how well a model describes the images of a split.
type Evaluation struct {
	metrics.Scores
	Images []Described // best first, by the mean of their BLEU-1 and BLEU-2
}

// Described is an image with what the model and what people said about it.
type Described struct {
	Image      int // row of the features
	URL        string
	Caption    string
	References []string
	Score      float64 // mean of BLEU-1 and BLEU-2 of this caption alone
}

// Evaluate describes every image of a split that has captions and compares with these: BLEU over the whole
// split, without <START>, <END> and <NULL>. <UNK> is a word like others, which a model that says it can only
// match where people used a rare word.
func Evaluate(backend compute.Backend, model Sampler, split *coco.Split, vocab *coco.Vocab) (*Evaluation, error) {
	references := make([][]metrics.Caption, split.Images())
	for i := range split.Len() {
		image := split.ImageIdxs[i]
		references[image] = append(references[image], words(vocab, split.Caption(i)))
	}
	ids, err := model.Sample(backend, split.Features, 0)
	if err != nil {
		return nil, err
	}
	e := &Evaluation{}
	var candidates []metrics.Caption
	var judged [][]metrics.Caption
	for image, caption := range ids {
		if len(references[image]) == 0 {
			continue
		}
		said := words(vocab, caption)
		candidates, judged = append(candidates, said), append(judged, references[image])
		alone, err := metrics.BLEU([]metrics.Caption{said}, judged[len(judged)-1:])
		if err != nil {
			return nil, fmt.Errorf("captioning: image %d: %w", image, err)
		}
		d := Described{Image: image, URL: split.URLs[image], Caption: strings.Join(said, " "), Score: (alone.BLEU[0] + alone.BLEU[1]) / 2}
		for _, r := range references[image] {
			d.References = append(d.References, strings.Join(r, " "))
		}
		e.Images = append(e.Images, d)
	}
	if e.Scores, err = metrics.BLEU(candidates, judged); err != nil {
		return nil, fmt.Errorf("captioning: %w", err)
	}
	slices.SortStableFunc(e.Images, func(a, b Described) int { return cmp.Compare(b.Score, a.Score) })
	return e, nil
}

// words are the words of a caption without the tokens around them.
func words(vocab *coco.Vocab, caption []int32) metrics.Caption {
	var w metrics.Caption
	for _, word := range strings.Fields(vocab.Decode(caption)) {
		if word != coco.Start && word != coco.End {
			w = append(w, word)
		}
	}
	return w
}
