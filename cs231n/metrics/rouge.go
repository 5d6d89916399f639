package metrics

// ROUGEL compares each candidate with captions that people wrote: references[i] holds one or more captions of the image
// that candidates[i] describes. It returns the mean over all images and the score of each image, from 0 to 1. Let
// LCS(c, s) be the length of the longest common subsequence: words that both captions have in the same order, with or
// without other words between them. Then
//
//	P       = max over references s of LCS(c, s) / |c|
//	R       = max over references s of LCS(c, s) / |s|
//	ROUGE-L = (1+β²)·P·R / (R + β²·P),  β = 1.2
//
// Precision and recall may come from different references. An empty candidate scores 0.
//
// It is an error if there are no candidates, or if one has no references.
//
// The scores equal those of pycocoevalcap, the evaluation code of COCO, for the same words, with one exception:
// pycocoevalcap gives an empty candidate 1 if one of its references is empty.
//
// Source: Lin 2004, "ROUGE: A Package for Automatic Evaluation of Summaries", section 3.1,
// https://aclanthology.org/W04-1013
func ROUGEL(candidates []Caption, references [][]Caption) (mean float64, images []float64, err error) {
	if err := check("ROUGE-L", candidates, references); err != nil {
		return 0, nil, err
	}
	images = make([]float64, len(candidates))
	for i, candidate := range candidates {
		images[i] = rougeL(candidate, references[i])
		mean += images[i]
	}
	return mean / float64(len(images)), images, nil
}

func rougeL(candidate Caption, references []Caption) float64 {
	var precision, recall float64
	for _, r := range references {
		common := longestCommon(candidate, r)
		if common == 0 {
			continue
		}
		precision = max(precision, float64(common)/float64(len(candidate)))
		recall = max(recall, float64(common)/float64(len(r)))
	}
	if precision == 0 {
		return 0
	}
	const beta = 1.2
	return (1 + beta*beta) * precision * recall / (recall + beta*beta*precision)
}

// longestCommon is the length of the longest common subsequence of two captions.
func longestCommon(a, b Caption) int {
	lengths := make([]int, len(b)+1) // of the words of a so far and the first j words of b
	for _, word := range a {
		before := 0 // lengths[j] without this word of a
		for j, other := range b {
			without := lengths[j+1]
			if word == other {
				lengths[j+1] = before + 1
			} else {
				lengths[j+1] = max(without, lengths[j])
			}
			before = without
		}
	}
	return lengths[len(b)]
}
