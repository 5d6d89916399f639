package metrics

import "math"

// CIDErD compares each candidate with captions that people wrote: references[i] holds one or more captions of the image
// that candidates[i] describes. It returns the mean over all images and the score of each image, from 0
// to 10. Only a candidate that equals all of its references, and has four words or more, scores 10. Papers often print
// 100 times the mean.
//
// Let cₙ and sₙ be the vectors of the TF-IDF weights of the n-grams in candidate c and reference s. For n from 1 to 4,
//
//	CIDEr-Dₙ(c, S) = 10/|S| · Σ_s exp(−(|c|−|s|)²/(2·6²)) · min(cₙ, sₙ)·sₙ / (‖cₙ‖·‖sₙ‖)
//	CIDEr-D(c, S)  = mean over n of CIDEr-Dₙ(c, S)
//
// The weight of an n-gram is its count in the caption times its inverse document frequency, log(images / images with the
// n-gram in their references). A word that describes every image therefore has the weight 0. An n-gram that occurs in no
// reference has the weight of one that occurs for a single image. The element-wise minimum means that repetition does not
// raise the score. The Gaussian lowers the score of a candidate that is longer or shorter than the reference.
//
// The weights come from the references of the whole corpus, so a score depends on the set of images. A corpus of one image scores 0, because log(1/1) is 0. An empty candidate scores 0.
//
// It is an error if there are no candidates, or if one has no references.
//
// The scores equal those of pycocoevalcap, the evaluation code of COCO, for the same words. Like pycocoevalcap, CIDErD
// takes the minimum of counts; the paper divides each count by the length of its caption first.
//
// Source: Vedantam et al. 2015, "CIDEr: Consensus-based Image Description Evaluation",
// https://arxiv.org/abs/1411.5726
func CIDErD(candidates []Caption, references [][]Caption) (mean float64, images []float64, err error) {
	if err := check("CIDEr-D", candidates, references); err != nil {
		return 0, nil, err
	}
	grams := newNgrams()
	described := make([]described, len(candidates))
	for i, candidate := range candidates {
		described[i].candidate = sentence{len(candidate), grams.count(candidate)}
		for _, r := range references[i] {
			described[i].references = append(described[i].references, sentence{len(r), grams.count(r)})
		}
	}

	idf := inverseFrequency(described, grams.size())
	images = make([]float64, len(described))
	for i, image := range described {
		for _, r := range image.references {
			images[i] += idf.similarity(image.candidate, r)
		}
		images[i] *= 10 / float64(len(image.references))
		mean += images[i]
	}
	return mean / float64(len(images)), images, nil
}

// sentence is a caption by its n-grams.
type sentence struct {
	length int
	grams  [MaxOrder]terms
}

// described is an image with its captions.
type described struct {
	candidate  sentence
	references []sentence
}

// weights holds the inverse document frequency of each n-gram: log(images / images that have it).
type weights []float64

// inverseFrequency counts the images that have each of size n-grams in their references.
func inverseFrequency(images []described, size int) weights {
	frequency := make([]int, size)
	last := make([]int, size) // the image that an n-gram was counted for last, from 1
	for i, image := range images {
		for _, r := range image.references {
			for _, grams := range r.grams {
				for _, t := range grams {
					if last[t.gram] != i+1 {
						last[t.gram] = i + 1
						frequency[t.gram]++
					}
				}
			}
		}
	}
	idf := make(weights, size)
	for gram, f := range frequency {
		idf[gram] = math.Log(float64(len(images)) / float64(max(1, f)))
	}
	return idf
}

// similarity is the mean over n of the clipped cosines of c and s, times the penalty for different lengths: 1 for
// equal captions with weights.
func (idf weights) similarity(c, s sentence) float64 {
	sum := 0.0
	for n := range MaxOrder {
		product := 0.0
		for _, t := range c.grams[n] {
			times := s.grams[n].times(t.gram)
			product += float64(min(t.times, times)*times) * idf[t.gram] * idf[t.gram]
		}
		if product > 0 { // else a norm may be 0
			sum += product / math.Sqrt(idf.squares(c.grams[n])*idf.squares(s.grams[n]))
		}
	}
	const sigma = 6
	difference := float64(c.length - s.length)
	return sum / MaxOrder * math.Exp(-difference*difference/(2*sigma*sigma))
}

// squares adds up the squares of the components of a TF-IDF vector.
func (idf weights) squares(t terms) float64 {
	sum := 0.0
	for _, t := range t {
		weight := float64(t.times) * idf[t.gram]
		sum += weight * weight
	}
	return sum
}
