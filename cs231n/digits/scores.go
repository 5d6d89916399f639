package digits

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"github.com/cs231n-go/assignment3/cs231n/metrics"
)

// Scores are the scores of generated digits. All are on the features and probabilities of this project's digit classifier,
// not of InceptionV3, so published values cannot be compared with them.
type Scores struct {
	Frechet   float64     `json:"frechet"`   // [metrics.Frechet] from the real images; 0 is best
	Inception float64     `json:"inception"` // [metrics.Inception], from 1 to 10
	Precision float64     `json:"precision"` // [metrics.PrecisionRecall], from 0 to 1
	Recall    float64     `json:"recall"`
	Classes   [10]float64 `json:"classes"` // share of pictures read as each digit
	Asked     float64     `json:"asked"`   // share of pictures read as the digit asked for; NaN, and absent in JSON, for an unconditional generator
}

// MarshalJSON leaves Asked out if no digits were asked for.
func (s Scores) MarshalJSON() ([]byte, error) {
	type plain Scores
	out := struct {
		plain
		Asked *float64 `json:"asked,omitempty"`
	}{plain: plain(s)}
	if !math.IsNaN(s.Asked) {
		out.Asked = &s.Asked
	}
	return json.Marshal(out)
}

const columns = "Fréchet  Inception  precision  recall  as asked"

// row aligns the scores with columns.
func (s Scores) row() string {
	asked := "–"
	if !math.IsNaN(s.Asked) {
		asked = fmt.Sprintf("%.2f%%", 100*s.Asked)
	}
	return fmt.Sprintf("%7.2f  %9.4f  %9.4f  %6.4f  %8s", s.Frechet, s.Inception, s.Precision, s.Recall, asked)
}

// String shows the scores in three lines: the names, the values, and the shares of the digits.
func (s Scores) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\nread as", columns, s.row())
	for digit, share := range s.Classes {
		fmt.Fprintf(&b, "  %d: %.1f%%", digit, 100*share)
	}
	return b.String()
}

// Table compares the scores of several generators.
type Table []Row

// Row is a generator's name with its scores.
type Row struct {
	Name   string
	Scores Scores
}

// String shows one line for the names of the scores and one for each row.
func (t Table) String() string {
	return metrics.Align(columns, len(t), func(i int) (name, values string) { return t[i].Name, t[i].Scores.row() })
}
