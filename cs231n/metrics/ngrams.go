package metrics

import (
	"cmp"
	"slices"
)

// MaxOrder is the length of the longest n-grams that [BLEU] and [CIDErD] compare.
const MaxOrder = 4

// ngrams numbers the n-grams of captions from 0: comparing numbers is several times as fast as comparing words.
type ngrams struct {
	words  map[string]int32   // numbers of 1-grams
	longer map[[2]int32]int32 // numbers of longer ones, by the number of their first n-1 words and that of their last
}

func newNgrams() ngrams {
	return ngrams{words: make(map[string]int32), longer: make(map[[2]int32]int32)}
}

// size is the number of n-grams so far.
func (g ngrams) size() int { return len(g.words) + len(g.longer) }

// term is an n-gram of a caption, with the number of times that the caption has it.
type term struct{ gram, times int32 }

// terms lists n-grams in the order of their numbers.
type terms []term

// count lists the n-grams of a caption. Index n-1 is for n.
func (g ngrams) count(c Caption) [MaxOrder]terms {
	words := make([]int32, len(c))
	for i, word := range c {
		words[i] = number(g.words, word, g.size())
	}
	counted := [MaxOrder]terms{collect(words)}
	grams := slices.Clone(words) // n-grams, in the order of the caption
	for n := 1; n < min(MaxOrder, len(c)); n++ {
		grams = grams[:len(c)-n]
		for i, start := range grams {
			grams[i] = number(g.longer, [2]int32{start, words[i+n]}, g.size())
		}
		counted[n] = collect(grams)
	}
	return counted
}

// number looks up the number of a key, which is next if it is new.
func number[K comparable](numbers map[K]int32, key K, next int) int32 {
	known, ok := numbers[key]
	if !ok {
		known = int32(next)
		numbers[key] = known
	}
	return known
}

// collect sorts n-grams and counts those that are equal.
func collect(grams []int32) terms {
	t := make(terms, len(grams))
	for i, gram := range grams {
		t[i] = term{gram, 1}
	}
	slices.SortFunc(t, func(a, b term) int { return cmp.Compare(a.gram, b.gram) })
	distinct := t[:0]
	for _, next := range t {
		if last := len(distinct) - 1; last >= 0 && distinct[last].gram == next.gram {
			distinct[last].times++
		} else {
			distinct = append(distinct, next)
		}
	}
	return distinct
}

// times is the number of times that an n-gram is in the list.
func (t terms) times(gram int32) int32 {
	i, ok := slices.BinarySearchFunc(t, gram, func(a term, gram int32) int { return cmp.Compare(a.gram, gram) })
	if !ok {
		return 0
	}
	return t[i].times
}
