package scenes

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/cs231n-go/assignment3/cs231n/coco"
)

// fewest is the number of times that a word must occur in the training captions to get an id.
const fewest = 5

// newVocab assigns ids to the words of the training captions, the most frequent first, after the four special words.
func newVocab(captions []string) coco.Vocab {
	counts := map[string]int{}
	for _, c := range captions {
		for word := range strings.FieldsSeq(c) {
			counts[word]++
		}
	}
	maps.DeleteFunc(counts, func(_ string, n int) bool { return n < fewest })
	words := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(counts[b]-counts[a], strings.Compare(a, b))
	})
	v := coco.Vocab{Words: append([]string{coco.Null, coco.Start, coco.End, coco.Unknown}, words...)}
	v.IDs = make(map[string]int, len(v.Words))
	for id, word := range v.Words {
		v.IDs[word] = id
	}
	return v
}

// encode appends the ids of a caption: START, its words, END, and NULL up to captionLength. A word outside the vocabulary
// becomes UNK.
func encode(ids []int32, v coco.Vocab, caption string) []int32 {
	end := len(ids) + captionLength
	ids = append(ids, int32(v.IDs[coco.Start]))
	for word := range strings.FieldsSeq(caption) {
		id, ok := v.IDs[word]
		if !ok {
			id = v.IDs[coco.Unknown]
		}
		ids = append(ids, int32(id))
	}
	ids = append(ids, int32(v.IDs[coco.End]))
	for len(ids) < end {
		ids = append(ids, int32(v.IDs[coco.Null]))
	}
	return ids
}
