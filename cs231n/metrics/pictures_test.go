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

// TestBlocks has more rows than a block of pairs. It compares a part of a wider matrix with a list of all distances.
func TestBlocks(t *testing.T) {
	t.Parallel()
	const k = 3
	wide, fake := random(3, 2203, 7, 0), random(4, 1301, 5, 0.4)
	for i := range 400 { // the last block alone covers some
		fake.SetRow(900+i, []float64{6 + float64(i)/100, 6, 6, 6, 6})
		wide.SetRow(2050+i%150, []float64{9, 6, 6, 6 + float64(i%150)/50, 6, 6, 9})
	}
	real := wide.Slice(0, 2203, 1, 6).(*mat.Dense)
	on := func(points, of *mat.Dense) float64 {
		rows, _ := of.Dims()
		m, _ := points.Dims()
		count := make(map[int]bool)
		for i := range rows {
			var among []float64
			for j := range rows {
				among = append(among, floats.Distance(of.RawRowView(i), of.RawRowView(j), 2))
			}
			slices.Sort(among)
			for j := range m {
				if floats.Distance(of.RawRowView(i), points.RawRowView(j), 2) <= among[k] {
					count[j] = true
				}
			}
		}
		return float64(len(count)) / float64(m)
	}
	precision, recall, err := metrics.PrecisionRecall(testbackend.Get(t), real, fake, k)
	require.NoError(t, err)
	require.Equal(t, on(fake, real), precision)
	require.Equal(t, on(real, fake), recall)
}

// TestNearestExact has rows so far from zero that float32 products cannot tell their distances apart.
func TestNearestExact(t *testing.T) {
	t.Parallel()
	const rows, width = 2100, 13
	var set, queries []float32
	for _, v := range random(5, rows, width, 100).RawMatrix().Data {
		set = append(set, float32(v))
	}
	for _, v := range random(6, 1009, width, 100).RawMatrix().Data {
		queries = append(queries, float32(v))
	}
	copy(queries[7*width:8*width], set[2031*width:]) // a copy
	copy(set[2090*width:], set[2031*width:2032*width])
	found, distances, err := metrics.Nearest(testbackend.Get(t), queries, set, width)
	require.NoError(t, err)
	require.Len(t, found, 1009)
	require.Zero(t, distances[7])
	require.Equal(t, 2031, found[7], "the first of two copies")
	for i, row := range found {
		best, at := math.Inf(1), 0
		for j := range rows {
			var d float64
			for c := range width {
				d = math.Hypot(d, float64(queries[i*width+c])-float64(set[j*width+c]))
			}
			if d < best-1e-12 {
				best, at = d, j
			}
		}
		require.Equal(t, at, row, i)
		require.InDelta(t, best, distances[i], 1e-12)
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

func TestNeighbourErrors(t *testing.T) {
	t.Parallel()
	backend := testbackend.Get(t)
	ok, few := random(1, 12, 5, 0), random(2, 3, 5, 0)
	for _, k := range []int{0, -2} {
		_, _, err := metrics.PrecisionRecall(backend, ok, ok, k)
		require.EqualError(t, err, fmt.Sprintf("metrics: k = %d nearest neighbours; k must be at least 1", k))
	}
	_, _, err := metrics.PrecisionRecall(backend, few, ok, 3)
	require.EqualError(t, err, "metrics: the real set has 3 rows, too few for the 3 nearest neighbours of each; give at least 4")
	_, _, err = metrics.PrecisionRecall(backend, ok, few, 3)
	require.EqualError(t, err, "metrics: the fake set has 3 rows, too few for the 3 nearest neighbours of each; give at least 4")
	_, _, err = metrics.PrecisionRecall(backend, ok, few, 2)
	require.NoError(t, err)

	for name, c := range map[string]struct {
		queries, set []float32
		width        int
		wantErr      string
	}{
		"no width":      {[]float32{1}, []float32{1}, 0, "metrics: queries has 1 values, which are no rows of 0"},
		"part of a row": {[]float32{1, 2, 3}, []float32{1, 2}, 2, "metrics: queries has 3 values, which are no rows of 2"},
		"no set":        {[]float32{1}, nil, 1, "metrics: set has 0 values, which are no rows of 1"},
		"not a number":  {[]float32{1}, []float32{float32(math.NaN())}, 1, "metrics: set: value 0 of row 0 is NaN"},
	} {
		_, _, err := metrics.Nearest(backend, c.queries, c.set, c.width)
		require.ErrorContains(t, err, c.wantErr, name)
	}
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

// BenchmarkPrecisionRecall has the size of a score of digits.
func BenchmarkPrecisionRecall(b *testing.B) {
	backend, real, fake := testbackend.Get(b), random(1, 10000, 128, 1), random(2, 10000, 128, 1)
	for b.Loop() {
		_, _, err := metrics.PrecisionRecall(backend, real, fake, 3)
		require.NoError(b, err)
	}
}

func BenchmarkFrechet(b *testing.B) {
	real, fake := random(1, 10000, 128, 1), random(2, 10000, 128, 1)
	for b.Loop() {
		_, err := metrics.Frechet(real, fake)
		require.NoError(b, err)
	}
}

// BenchmarkNearest looks for 10,000 pictures among 50,000.
func BenchmarkNearest(b *testing.B) {
	r, backend := rand.New(rand.NewPCG(1, 0)), testbackend.Get(b)
	queries, set := make([]float32, 10000*784), make([]float32, 50000*784)
	for _, values := range [][]float32{queries, set} {
		for i := range values {
			values[i] = r.Float32()
		}
	}
	for b.Loop() {
		_, _, err := metrics.Nearest(backend, queries, set, 784)
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
