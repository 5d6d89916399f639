package metrics_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/metrics"
)

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

// BenchmarkPrecisionRecall has the size of a score of digits.
func BenchmarkPrecisionRecall(b *testing.B) {
	backend, real, fake := testbackend.Get(b), random(1, 10000, 128, 1), random(2, 10000, 128, 1)
	for b.Loop() {
		_, _, err := metrics.PrecisionRecall(backend, real, fake, 3)
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
