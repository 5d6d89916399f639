package scenes

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// A product with unfold is a convolution, which this test computes with plain loops.
func TestUnfold(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for _, test := range []struct{ channels, n, size, stride int }{{3, 10, 5, 2}, {2, 7, 3, 1}, {1, 6, 3, 3}} {
		m := test.n / test.stride
		src := make([]float32, test.channels*test.n*test.n)
		for i := range src {
			src[i] = r.Float32()
		}
		taps := test.channels * test.size * test.size
		w := randomMatrix(r, 1, taps).Data
		out := blas32.General{Rows: taps, Cols: m * m, Stride: m * m, Data: make([]float32, taps*m*m)}
		unfold(src, test.n, test.size, test.stride, out)
		for i := range m {
			for j := range m {
				var want, got float64
				for tap := range taps {
					got += float64(w[tap] * out.Data[tap*m*m+i*m+j])
				}
				for c := range test.channels {
					for dy := range test.size {
						for dx := range test.size {
							y, x := i*test.stride+dy-test.size/2, j*test.stride+dx-test.size/2
							if 0 <= y && y < test.n && 0 <= x && x < test.n {
								want += float64(w[(c*test.size+dy)*test.size+dx] * src[(c*test.n+y)*test.n+x])
							}
						}
					}
				}
				require.InDelta(t, want, got, 1e-5, "%+v at %d, %d", test, i, j)
			}
		}
	}
}

func TestPooling(t *testing.T) {
	t.Parallel()
	const n = 2 * grid
	src := blas32.General{Rows: 2, Cols: n * n, Stride: n * n, Data: make([]float32, 2*n*n)}
	for i := range src.Data {
		src.Data[i] = float32(i)
	}
	half := make([]float32, 2*grid*grid)
	poolMax(src.Data, n, half)
	dst := make([]float64, 2*(grid*grid+1)+1)
	rest := summarise(src, n, dst)
	require.Len(t, rest, 1)
	for c := range 2 {
		for i := range grid {
			for j := range grid {
				corner := float64(c*n*n + 2*i*n + 2*j)
				assert.InDelta(t, corner+n+1, half[(c*grid+i)*grid+j], 1e-6)
				assert.InDelta(t, corner+(n+1)/2.0, dst[c*(grid*grid+1)+i*grid+j], 1e-4)
			}
		}
		assert.InDelta(t, maxWeight*float64((c+1)*n*n-1), dst[c*(grid*grid+1)+grid*grid], 1e-6)
	}
}

// The components are those of the exact decomposition. The projected data are centred and uncorrelated, in descending
// order, with a mean variance of 1.
func TestFit(t *testing.T) {
	t.Parallel()
	const n, p, dims = 300, 211, 7
	r := rand.New(rand.NewPCG(3, 1))
	x := mat.NewDense(n, p, nil)
	for i := range n {
		for k := range 40 { // directions of decreasing variance
			a := r.NormFloat64() * math.Pow(0.8, float64(k))
			for j := range p {
				x.Set(i, j, x.At(i, j)+a*math.Sin(float64((k+1)*(j+1))))
			}
		}
		for j := range p {
			x.Set(i, j, x.At(i, j)+float64(j))
		}
	}
	original := mat.DenseCopyOf(x)
	pca, err := fit(x, dims, r, func() error { return nil })
	require.NoError(t, err)
	var exact stat.PC
	require.True(t, exact.PrincipalComponents(original, nil))
	var vectors mat.Dense
	exact.VectorsTo(&vectors)
	variances := exact.VarsTo(nil)

	y := pca.apply(x)
	var total float64
	for a := range dims {
		got, want := mat.Col(nil, a, pca.matrix), mat.Col(nil, a, &vectors)
		cos := mat.Dot(mat.NewVecDense(p, got), mat.NewVecDense(p, want)) / mat.Norm(mat.NewVecDense(p, got), 2)
		assert.InDelta(t, 1, math.Abs(cos), 1e-6, "component %d", a)
		column := func(c int) []float64 {
			out := make([]float64, n)
			for i := range out {
				out[i] = float64(y[i*dims+c])
			}
			return out
		}
		mean, variance := stat.MeanVariance(column(a), nil)
		assert.InDelta(t, 0, mean, 1e-5)
		assert.InDelta(t, math.Sqrt(variances[a]/variances[0]), variance/stat.Variance(column(0), nil), 1e-5)
		total += variance
		for b := range a {
			assert.InDelta(t, 0, stat.Correlation(column(a), column(b), nil), 1e-5)
		}
	}
	assert.InDelta(t, dims, total, 1e-4)
}

func TestFitOfFewPictures(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 1))
	x := mat.NewDense(4, 30, nil)
	for i := range x.RawMatrix().Data {
		x.RawMatrix().Data[i] = r.NormFloat64()
	}
	pca, err := fit(x, 6, r, func() error { return nil })
	require.NoError(t, err)
	for i := range 4 {
		for a, v := range pca.apply(x)[i*6 : i*6+6] {
			assert.Equal(t, a < 3, v != 0, "4 pictures differ in 3 directions")
		}
	}
	stop := errors.New("stop")
	_, err = fit(x, 6, r, func() error { return stop })
	require.ErrorIs(t, err, stop)
}
