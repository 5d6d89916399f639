// Package metrics scores captions and generated pictures.
//
// For captions it has [BLEU], [CIDErD] and [ROUGEL], and [Score] computes all three.
//
// Pictures are compared by features, the activations of a classifier, one row for each picture. [Frechet] compares the
// distributions of two sets, [PrecisionRecall] measures quality and variety separately, [Inception] and [Histogram]
// use the predicted classes, and [Nearest] finds copies of training images. All values depend on the classifier. Published
// Fréchet inception distances use InceptionV3. Do not compare them with distances on the features of package digits.
package metrics

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Caption is the list of words of a caption, without the tokens for start, end and padding, which would count as correct
// words.
type Caption []string

// Scores are the scores of a corpus of candidates.
type Scores struct {
	BLEUScores
	CIDErD float64 `json:"cider_d"` // from 0 to 10
	ROUGEL float64 `json:"rouge_l"` // from 0 to 1
}

// Score computes all metrics; see [BLEU], [CIDErD] and [ROUGEL]. It returns their errors.
func Score(candidates []Caption, references [][]Caption) (Scores, error) {
	var s Scores
	var err error
	if s.BLEUScores, err = BLEU(candidates, references); err != nil {
		return Scores{}, err
	}
	if s.CIDErD, _, err = CIDErD(candidates, references); err != nil {
		return Scores{}, err
	}
	if s.ROUGEL, _, err = ROUGEL(candidates, references); err != nil {
		return Scores{}, err
	}
	return s, nil
}

const columns = "BLEU-1  BLEU-2  BLEU-3  BLEU-4  CIDEr-D  ROUGE-L"

// String shows the scores as a table of two lines: the names of the metrics and their values.
func (s Scores) String() string { return columns + "\n" + s.row() }

// row aligns the scores with columns.
func (s Scores) row() string {
	return fmt.Sprintf("%.4f  %.4f  %.4f  %.4f  %7.4f  %7.4f", s.BLEU[0], s.BLEU[1], s.BLEU[2], s.BLEU[3], s.CIDErD, s.ROUGEL)
}

// Table compares the scores of several models.
type Table []Row

// Row is a model's name with its scores.
type Row struct {
	Name   string
	Scores Scores
}

// String shows one line for the names of the metrics and one for each row.
func (t Table) String() string {
	return Align(columns, len(t), func(i int) (name, values string) { return t[i].Name, t[i].Scores.row() })
}

// Align writes a table: a line of columns, then n lines of a name and values, with the names in a column of equal width.
func Align(columns string, n int, row func(i int) (name, values string)) string {
	width := 0
	for i := range n {
		name, _ := row(i)
		width = max(width, utf8.RuneCountInString(name))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%-*s  %s\n", width, "", columns)
	for i := range n {
		name, values := row(i)
		fmt.Fprintf(&b, "%-*s  %s\n", width, name, values)
	}
	return b.String()
}

// check refuses a corpus that a metric, given by its name, is not defined for.
func check(metric string, candidates []Caption, references [][]Caption) error {
	if len(candidates) == 0 {
		return fmt.Errorf("metrics: %s of no candidates; give one caption at least", metric)
	}
	if len(candidates) != len(references) {
		return fmt.Errorf("metrics: %s of %d candidates with references for %d; give each its own", metric, len(candidates), len(references))
	}
	for i, candidate := range candidates {
		if len(references[i]) == 0 {
			return fmt.Errorf("metrics: %s: candidate %d (%q) has no references; give one at least, or leave it out", metric, i, strings.Join(candidate, " "))
		}
	}
	return nil
}
