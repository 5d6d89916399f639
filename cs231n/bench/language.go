package bench

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/metrics"
)

// language draws random sentences that repeat words and n-grams about as often as English captions do. Tables of n-grams
// and embeddings see realistic keys. The frequencies of words follow Zipf's law. Each word has a few usual successors.
type language struct {
	vocab      coco.Vocab
	random     *rand.Rand
	frequency  *rand.Zipf
	successors [][usual]int32 // the usual next words of each word
}

const (
	usual    = 6 // successors of a word, which may be equal
	special  = 4 // words that are not part of sentences
	shortest = 8 // words in a sentence
)

func newLanguage(words int) *language {
	l := &language{random: rand.New(rand.NewPCG(seed, 0)), successors: make([][usual]int32, words)}
	l.vocab = coco.Vocab{Words: []string{coco.Null, coco.Start, coco.End, coco.Unknown}, IDs: map[string]int{}}
	for i := special; i < words; i++ {
		l.vocab.Words = append(l.vocab.Words, fmt.Sprintf("word%d", i))
	}
	for i, word := range l.vocab.Words {
		l.vocab.IDs[word] = i
	}
	const exponent, flat = 1.1, 3 // Zipf's law after Mandelbrot
	l.frequency = rand.NewZipf(l.random, exponent, flat, uint64(words-special-1))
	for i := range l.successors {
		for j := range l.successors[i] {
			l.successors[i][j] = l.word()
		}
	}
	return l
}

func (l *language) word() int32 { return special + int32(l.frequency.Uint64()) }

// extend appends a sentence of up to limit words, or the rest of a sentence that begins with the words in ids.
func (l *language) extend(ids []int32, limit int) []int32 {
	const longer = 2.5 // words above the shortest length, on average
	length := min(shortest+int(longer*l.random.ExpFloat64()), limit)
	for len(ids) < length {
		if len(ids) > 0 && l.random.IntN(4) > 0 { // three words of four are usual
			ids = append(ids, l.successors[ids[len(ids)-1]][l.random.IntN(usual)])
		} else {
			ids = append(ids, l.word())
		}
	}
	return ids
}

// amount is the number of images of a split and that of their captions.
type amount struct{ images, captions int }

// data returns a data set of random features and captions with the sizes s, whose vocabulary is that of the language.
func (l *language) data(s Sizes, train, val amount) *coco.Data {
	return &coco.Data{Train: l.split(s, train), Val: l.split(s, val), Vocab: l.vocab}
}

func (l *language) split(s Sizes, a amount) coco.Split {
	split := coco.Split{
		Length: s.T + 1, Captions: make([]int32, a.captions*(s.T+1)), ImageIdxs: make([]int32, a.captions),
		Dim: s.D, Features: make([]float32, a.images*s.D), URLs: make([]string, a.images),
	}
	for i := range split.Features {
		split.Features[i] = 2*l.random.Float32() - 1
	}
	for i := range split.URLs {
		split.URLs[i] = fmt.Sprintf("http://images.example/%012d.jpg", i)
	}
	id := func(word string) int32 { return int32(l.vocab.IDs[word]) }
	for i := range a.captions {
		caption := append(split.Caption(i)[:0], id(coco.Start)) // the rest stays <NULL>
		caption = append(caption, l.extend(nil, s.T-1)...)
		_ = append(caption, id(coco.End))
		split.ImageIdxs[i] = int32(i % a.images)
	}
	return split
}

// corpus returns captions for n images and five references for each. A caption begins like one of its references.
func (l *language) corpus(n, limit int) (candidates []metrics.Caption, references [][]metrics.Caption) {
	const perImage = 5
	caption := func(ids []int32) metrics.Caption { return strings.Fields(l.vocab.Decode(ids)) }
	for range n {
		var all []metrics.Caption
		var ids []int32
		for range perImage {
			ids = l.extend(nil, limit)
			all = append(all, caption(ids))
		}
		candidates, references = append(candidates, caption(l.extend(ids[:len(ids)/2], limit))), append(references, all)
	}
	return candidates, references
}
