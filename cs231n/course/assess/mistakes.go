package assess

import (
	_ "embed"
	"encoding/json"
	"math"

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

type mistakes []Mistake

func readMistakes() (mistakes, error) {
	var m mistakes
	return m, json.Unmarshal(mistakesJSON, &m)
}

// hint returns the hint of the mistake that has these results in a case, or "".
func (m mistakes) hint(c cases.Case, got []cases.Array) string {
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

// round keeps five digits.
func round(x float64) float64 {
	if x == 0 {
		return 0
	}
	unit := math.Pow(10, math.Floor(math.Log10(math.Abs(x)))-4)
	return math.Round(x/unit) * unit
}

func agree(a, b [][]float64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		for k := range a[i] {
			if math.Abs(a[i][k]-b[i][k]) > 1e-3*math.Abs(a[i][k])+1e-9 {
				return false
			}
		}
	}
	return true
}
