package metrics_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/metrics"
)

// pictureBound is the relative bound for scores of pictures.
const pictureBound = 1e-9

// pictures is the content of testdata/pictures.json.
type pictures struct {
	Pairs []struct {
		Name            string
		A, B            [][]float64
		Frechet         float64
		PrecisionRecall map[string][2]float64 `json:"precision_recall"` // by k
		Nearest         []int
		Distances       []float64
	}
	Classes []struct {
		Name      string
		Logits    [][]float64
		Inception float64
		Shares    []float64
	}
}

func golden(t *testing.T) (g pictures) {
	t.Helper()
	data, err := os.ReadFile("testdata/pictures.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &g))
	require.Len(t, g.Pairs, 4)
	require.Len(t, g.Classes, 3)
	return g
}

func matrix(rows [][]float64) *mat.Dense {
	return mat.NewDense(len(rows), len(rows[0]), slices.Concat(rows...))
}

// random returns normally distributed values around a mean.
func random(seed uint64, rows, width int, mean float64) *mat.Dense {
	r, x := rand.New(rand.NewPCG(seed, 0)), mat.NewDense(rows, width, nil)
	for i := range x.RawMatrix().Data {
		x.RawMatrix().Data[i] = mean + r.NormFloat64()
	}
	return x
}

// reversed returns the rows in reverse order.
func reversed(x *mat.Dense) *mat.Dense {
	rows, width := x.Dims()
	y := mat.NewDense(rows, width, nil)
	for i := range rows {
		y.SetRow(i, x.RawRowView(rows-1-i))
	}
	return y
}

func TestPairs(t *testing.T) {
	t.Parallel()
	backend := testbackend.Get(t)
	for _, p := range golden(t).Pairs {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			a, b := matrix(p.A), matrix(p.B)
			for _, sets := range [][2]*mat.Dense{{a, b}, {b, a}, {reversed(a), b}, {a, reversed(b)}} {
				distance, err := metrics.Frechet(sets[0], sets[1])
				require.NoError(t, err)
				require.InEpsilon(t, p.Frechet, distance, pictureBound)
			}
			require.Len(t, p.PrecisionRecall, 3)
			for name, want := range p.PrecisionRecall {
				k, err := strconv.Atoi(name)
				require.NoError(t, err)
				for _, fakes := range []*mat.Dense{b, reversed(b)} {
					precision, recall, err := metrics.PrecisionRecall(backend, a, fakes, k)
					require.NoError(t, err)
					require.Equal(t, want, [2]float64{precision, recall}, "k = %d", k)
				}
			}
			rows, distances, err := metrics.Nearest(backend, slices.Concat(p.B...), slices.Concat(p.A...), len(p.A[0]))
			require.NoError(t, err)
			require.InDeltaSlice(t, p.Distances, distances, 1e-12)
			require.Equal(t, p.Nearest, rows)
		})
	}
}

func TestClasses(t *testing.T) {
	t.Parallel()
	for _, c := range golden(t).Classes {
		p := matrix(c.Logits)
		for i := range c.Logits {
			row := p.RawRowView(i)
			floats.AddConst(-floats.LogSumExp(row), row)
			for j, v := range row {
				row[j] = math.Exp(v)
			}
		}
		for _, p := range []*mat.Dense{p, reversed(p)} {
			score, err := metrics.Inception(p)
			require.NoError(t, err)
			require.InEpsilon(t, c.Inception, score, pictureBound, c.Name)
			shares, err := metrics.Histogram(p)
			require.NoError(t, err)
			require.InDeltaSlice(t, c.Shares, shares, 1e-15, c.Name)
		}
	}
}

// TestInceptionEdges scores certain rows. A probability of 0 adds nothing.
func TestInceptionEdges(t *testing.T) {
	t.Parallel()
	for want, p := range map[float64]*mat.Dense{
		1: mat.NewDense(2, 3, []float64{0, 1, 0, 0, 1, 0}),
		2: mat.NewDense(2, 3, []float64{0, 1, 0, 1, 0, 0}),
		3: mat.NewDense(3, 3, []float64{0, 1, 0, 1, 0, 0, 0, 0, 1}),
	} {
		score, err := metrics.Inception(p)
		require.NoError(t, err)
		require.InDelta(t, want, score, 1e-12)
	}
}

// TestSame compares sets with themselves, one of them of copies, whose balls have no radius.
func TestSame(t *testing.T) {
	t.Parallel()
	constant := mat.NewDense(20, 7, nil)
	for i := range 20 {
		constant.SetRow(i, []float64{0.1, 0.2, 0.3, 1e3, -1e-3, 0.7, 1. / 3})
	}
	for _, x := range []*mat.Dense{random(1, 211, 31, 3), constant} {
		distance, err := metrics.Frechet(x, x)
		require.NoError(t, err)
		require.InDelta(t, 0, distance, 1e-10)
		require.GreaterOrEqual(t, distance, 0.0)
		precision, recall, err := metrics.PrecisionRecall(testbackend.Get(t), x, x, 3)
		require.NoError(t, err)
		require.Equal(t, [2]float64{1, 1}, [2]float64{precision, recall})
	}
}

func TestPictureErrors(t *testing.T) {
	t.Parallel()
	backend := testbackend.Get(t)
	ok, spoilt, infinite, large := random(1, 12, 5, 0), random(2, 12, 5, 0), random(2, 12, 5, 0), random(2, 12, 5, 0)
	spoilt.Set(7, 2, math.NaN())
	large.Set(11, 0, -1.1e15)
	infinite.Set(0, 4, math.Inf(-1))
	for _, c := range []struct {
		a, b    *mat.Dense
		wantErr string
	}{
		{ok, spoilt, "metrics: %s: value 2 of row 7 is NaN; give numbers of at most 1e+15"},
		{ok, infinite, "metrics: %s: value 4 of row 0 is -Inf; give numbers of at most 1e+15"},
		{ok, large, "metrics: %s: value 0 of row 11 is -1.1e+15; give numbers of at most 1e+15"},
		{ok, &mat.Dense{}, "metrics: %s has 0 values, which are no rows of 0; give one whole row at least"},
	} {
		for _, swap := range []bool{false, true} {
			a, b, names := c.a, c.b, []string{"the second set", "the fake set"}
			if swap {
				a, b, names = b, a, []string{"the first set", "the real set"}
			}
			_, err := metrics.Frechet(a, b)
			require.EqualError(t, err, fmt.Sprintf(c.wantErr, names[0]))
			_, _, err = metrics.PrecisionRecall(backend, a, b, 3)
			require.EqualError(t, err, fmt.Sprintf(c.wantErr, names[1]))
		}
	}
	_, err := metrics.Frechet(ok, random(1, 12, 4, 0))
	require.EqualError(t, err, "metrics: the first set has 5 features and the second set has 4; compute both with the same classifier")
	_, _, err = metrics.PrecisionRecall(backend, ok, random(1, 12, 4, 0), 3)
	require.EqualError(t, err, "metrics: the real set has 5 features and the fake set has 4; compute both with the same classifier")

	few := random(3, 5, 5, 0)
	_, err = metrics.Frechet(ok, few)
	require.EqualError(t, err, "metrics: the second set has 5 rows for 5 features, so that its covariance would be singular; give at least 6")
	_, err = metrics.Frechet(few, ok)
	require.ErrorContains(t, err, "the first set has 5 rows")
	_, err = metrics.Frechet(ok, random(3, 6, 5, 0))
	require.NoError(t, err)
}

func TestClassErrors(t *testing.T) {
	t.Parallel()
	for wantErr, row := range map[string][]float64{
		"metrics: row 1 has values from 0.4 on and a sum of 1.001; give probabilities, such as a softmax": {0.601, 0.4},
		"metrics: row 1 has values from 0.4 on and a sum of 0.999; give probabilities, such as a softmax": {0.599, 0.4},
		"metrics: row 1 has values from -1 on and a sum of 1; give probabilities, such as a softmax":      {2, -1},
		"metrics: the probabilities: value 1 of row 1 is NaN; give numbers of at most 1e+15":              {1, math.NaN()},
	} {
		p := mat.NewDense(2, 2, append([]float64{0.50001, 0.5}, row...))
		_, err := metrics.Inception(p)
		require.EqualError(t, err, wantErr)
		_, err = metrics.Histogram(p)
		require.EqualError(t, err, wantErr)
	}
}

func BenchmarkFrechet(b *testing.B) {
	real, fake := random(1, 10000, 128, 1), random(2, 10000, 128, 1)
	for b.Loop() {
		_, err := metrics.Frechet(real, fake)
		require.NoError(b, err)
	}
}

func ExampleFrechet() {
	a := mat.NewDense(4, 1, []float64{-1, 1, -1, 1})
	b := mat.NewDense(4, 1, []float64{1, 5, 1, 5})
	distance, err := metrics.Frechet(a, b)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.4f\n", distance) // (3−0)² + (σb−σa)², with σ² = 4/3 and 16/3
	// Output: 10.3333
}

func ExampleInception() {
	score, err := metrics.Inception(mat.NewDense(2, 3, []float64{1, 0, 0, 0, 0.5, 0.5}))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.4f\n", score)
	// Output: 2.0000
}
