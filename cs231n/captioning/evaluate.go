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

// Evaluation holds the scores of a model's captions for the images of a split.
type Evaluation struct {
	metrics.Scores
	Images []Described // best first, by the mean of their BLEU-1 and BLEU-2
}

// Described is an image with the model's caption and the reference captions.
type Described struct {
	Image      int      `json:"image"` // row of the features
	URL        string   `json:"url"`
	Caption    string   `json:"caption"`
	References []string `json:"references"`
	Score      float64  `json:"score"` // mean of BLEU-1 and BLEU-2 of this caption alone
}

// Evaluate generates captions for the images of a split and computes BLEU, CIDEr-D and ROUGE-L over the whole split,
// without <START>, <END> and <NULL>. <UNK> counts as a word, since the references encode rare words as <UNK>. Images
// without captions are skipped.
func Evaluate(backend compute.Backend, model Sampler, split *coco.Split, vocab *coco.Vocab, o SampleOptions) (*Evaluation, error) {
	references := make([][]metrics.Caption, split.Images())
	for i := range split.Len() {
		image := split.ImageIdxs[i]
		references[image] = append(references[image], words(vocab, split.Caption(i)))
	}
	ids, err := model.Sample(backend, split.Features, o)
	if err != nil {
		return nil, err
	}
	e := &Evaluation{}
	var candidates []metrics.Caption
	var compared [][]metrics.Caption
	for image, sampled := range ids {
		if len(references[image]) == 0 {
			continue
		}
		caption := words(vocab, sampled)
		candidates, compared = append(candidates, caption), append(compared, references[image])
		alone, err := metrics.BLEU([]metrics.Caption{caption}, compared[len(compared)-1:])
		if err != nil {
			return nil, fmt.Errorf("captioning: image %d: %w", image, err)
		}
		d := Described{Image: image, URL: split.URLs[image], Caption: strings.Join(caption, " "), Score: (alone.BLEU[0] + alone.BLEU[1]) / 2}
		for _, r := range references[image] {
			d.References = append(d.References, strings.Join(r, " "))
		}
		e.Images = append(e.Images, d)
	}
	if e.Scores, err = metrics.Score(candidates, compared); err != nil {
		return nil, fmt.Errorf("captioning: %w", err)
	}
	slices.SortStableFunc(e.Images, func(a, b Described) int { return cmp.Compare(b.Score, a.Score) })
	return e, nil
}

// words lists the words of a caption without the special tokens.
func words(vocab *coco.Vocab, caption []int32) metrics.Caption {
	return slices.DeleteFunc(strings.Fields(vocab.Decode(caption)), func(word string) bool { return word == coco.Start || word == coco.End })
}
