package metrics

import (
	"cmp"
	"math"
	"slices"
)

// BLEUScores are the scores of a corpus of candidates; see [BLEU]. Index n-1 is for n-grams.
type BLEUScores struct {
	BLEU      [MaxOrder]float64 `json:"bleu"`      // BLEU-1 to BLEU-4, from 0 to 1
	Precision [MaxOrder]float64 `json:"precision"` // p₁ to p₄, before the brevity penalty
	// BrevityPenalty is 1 unless the candidates are shorter than the references.
	BrevityPenalty  float64 `json:"brevity_penalty"`
	Length          int     `json:"length"`           // number of words of the candidates
	ReferenceLength int     `json:"reference_length"` // number of words of the references, by [BLEU]'s rule
}

// BLEU compares candidates with captions that people wrote: references[i] holds one or more captions of the image that
// candidates[i] describes. For the corpus as a whole,
//
//	pₙ     = Σ clipped matches of n-grams / Σ n-grams of the candidates
//	BP     = min(1, exp(1 − r/c))
//	BLEU-n = BP · (p₁·…·pₙ)^(1/n)
//
// An n-gram of a candidate matches at most as often as it occurs in one of the references. Repeating a word therefore does
// not raise the score. c is the number of words of all candidates. r is the sum of the reference lengths: for each
// candidate, the length closest to its own, or the shorter of two.
//
// Precisions are not smoothed: BLEU-n is 0 if one of its precisions is 0. A corpus without n-grams has precision 0. BLEU is
// a score of a corpus; for a few captions it means little. NLTK's corpus_bleu differs for candidates of fewer than n
// words: it counts each as an n-gram that does not match.
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
		logs += math.Log(s.Precision[n]) // -Inf for 0, which makes BLEU-n 0 for this and larger n
		s.BLEU[n] = s.BrevityPenalty * math.Exp(logs/float64(n+1))
	}
	return s, nil
}

func brevityPenalty(length, referenceLength int) float64 {
	if length >= referenceLength {
		return 1
	}
	return math.Exp(1 - float64(referenceLength)/float64(length)) // 0 for no words
}

// nearestLength is the reference length closest to the candidate's, or the shorter of two.
func nearestLength(candidate Caption, references []Caption) int {
	distance := func(r Caption) int { return max(len(r)-len(candidate), len(candidate)-len(r)) }
	return len(slices.MinFunc(references, func(a, b Caption) int {
		return cmp.Or(distance(a)-distance(b), len(a)-len(b))
	}))
}

// clippedMatches counts the candidate's n-grams that occur in a reference, each at most as often as in one reference.
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
