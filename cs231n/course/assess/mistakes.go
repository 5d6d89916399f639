package assess

import (
	_ "embed"
	"encoding/json"
	"math"
	"slices"
	"strconv"

	"github.com/cs231n-go/assignment3/cs231n/course/cases"
)

//go:embed mistakes.json
var mistakesJSON []byte

// Mistake is a wrong solution that students write. It is recognized by its results in a visible case.
type Mistake struct {
	Exercise string      `json:"exercise"`
	Case     string      `json:"case"`
	Hint     string      `json:"hint"`
	Digest   [][]float64 `json:"digest"` // of each result; see Digest
}

// Mistakes are known mistakes. The test of package grade that makes the list from wrong solutions is TestSolutions.
type Mistakes []Mistake

// KnownMistakes returns the mistakes that `make course-test UPDATE=1` has recorded.
func KnownMistakes() (Mistakes, error) {
	var m Mistakes
	return m, json.Unmarshal(mistakesJSON, &m)
}

// Hint returns the hint of the mistake that has these results in a case, or "".
func (m Mistakes) Hint(c cases.Case, got []cases.Array) string {
	digest := Digest(got)
	for _, known := range m {
		if known.Exercise == c.Exercise && known.Case == c.Name && agree(known.Digest, digest) {
			return known.Hint
		}
	}
	return ""
}

// Digest sums up each array in three numbers that do not reveal its values: the size and two weighted sums.
func Digest(arrays []cases.Array) [][]float64 {
	var all [][]float64
	for _, a := range arrays {
		sum, weighted := 0.0, 0.0
		for i, v := range a.Values() {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				v = 1e6
			}
			sum += v
			weighted += v * math.Sin(float64(i+1))
		}
		all = append(all, []float64{float64(len(a.Data) / 8), round(sum), round(weighted)})
	}
	return all
}

// round keeps five significant digits, and none of rounding errors around 0.
func round(x float64) float64 {
	if math.Abs(x) < 1e-9 {
		return 0
	}
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 5, 64), 64) // the text of a number is a number
	return rounded
}

// agree reports whether two digests agree up to rounding.
func agree(a, b [][]float64) bool {
	return slices.EqualFunc(a, b, func(x, y []float64) bool {
		if len(x) != 3 || len(y) != 3 || x[0] != y[0] {
			return false
		}
		most := 1e-4*max(math.Abs(x[1]), math.Abs(x[2])) + 1e-9
		return math.Abs(x[1]-y[1]) <= most && math.Abs(x[2]-y[2]) <= most
	})
}
