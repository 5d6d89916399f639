package metrics

import (
	"cmp"
	"math"
	"slices"
)

// BLEUScores is how near a corpus of candidates comes to its references by [BLEU]. Index n-1 is for n-grams.
type BLEUScores struct {
	BLEU      [MaxOrder]float64 // BLEU-1 to BLEU-4, from 0 to 1
	Precision [MaxOrder]float64 // p₁ to p₄, before the brevity penalty
	// BrevityPenalty is 1 unless the candidates are shorter than the references.
	BrevityPenalty float64
	// Length is the number of words of the candidates, ReferenceLength that of their references.
	Length, ReferenceLength int
}

// BLEU compares candidates with what people wrote: references[i] holds the captions, one or more, that
// candidates[i] should be like. For the corpus as a whole,
//
//	pₙ     = Σ clipped matches of n-grams / Σ n-grams of the candidates
//	BP     = min(1, exp(1 − r/c))
//	BLEU-n = BP · (p₁·…·pₙ)^(1/n)
//
// An n-gram of a candidate matches at most as often as one of its references has it, so that saying a word
// again and again does not pay. c is the number of words of the candidates; r adds up, for each of them,
// the length of the reference that comes nearest in length, the shorter of two.
//
// Nothing is smoothed: BLEU-n is 0 if one of its precisions is, which includes a corpus without n-grams. It is
// a score of a corpus; few captions, or the mean over single ones, say little. (NLTK's corpus_bleu differs for
// candidates of fewer than n words: it counts each as an n-gram that does not match.)
//
// It is an error if there are no candidates, or if one has no references.
//
// Source: Papineni et al. 2002, "BLEU: a Method for Automatic Evaluation of Machine Translation",
// https://aclanthology.org/P02-1040
func BLEU(candidates []Caption, references [][]Caption) (BLEUScores, error) {
	if err := check("BLEU", candidates, references); err != nil {
		return BLEUScores{}, err
	}
	var s BLEUScores
	var matches, total [MaxOrder]int
	for i, candidate := range candidates {
		s.Length += len(candidate)
		s.ReferenceLength += nearestLength(candidate, references[i])
		grams := newNgrams()
		theirs := make([][MaxOrder]terms, len(references[i]))
		for j, r := range references[i] {
			theirs[j] = grams.count(r)
		}
		for n, counted := range grams.count(candidate) {
			total[n] += max(0, len(candidate)-n)
			matches[n] += clippedMatches(counted, theirs, n)
		}
	}

	s.BrevityPenalty = brevityPenalty(s.Length, s.ReferenceLength)
	logs := 0.0
	for n := range MaxOrder {
		if total[n] > 0 {
			s.Precision[n] = float64(matches[n]) / float64(total[n])
		}
		logs += math.Log(s.Precision[n]) // of zero it is -Inf, which makes this score and the longer ones zero
		s.BLEU[n] = s.BrevityPenalty * math.Exp(logs/float64(n+1))
	}
	return s, nil
}

func brevityPenalty(length, referenceLength int) float64 {
	if length >= referenceLength {
		return 1
	}
	return math.Exp(1 - float64(referenceLength)/float64(length)) // 0 without words
}

// nearestLength is the length of the reference that comes nearest to the candidate's, the shorter of two.
func nearestLength(candidate Caption, references []Caption) int {
	distance := func(r Caption) int { return max(len(r)-len(candidate), len(candidate)-len(r)) }
	return len(slices.MinFunc(references, func(a, b Caption) int {
		return cmp.Or(distance(a)-distance(b), len(a)-len(b))
	}))
}

// clippedMatches counts the candidate's n-grams that are in a reference, each at most as often as in the
// reference that has most of it.
func clippedMatches(candidate terms, references [][MaxOrder]terms, n int) int {
	matches := 0
	for _, t := range candidate {
		most := int32(0)
		for _, r := range references {
			most = max(most, r[n].times(t.gram))
		}
		matches += int(min(t.times, most))
	}
	return matches
}
