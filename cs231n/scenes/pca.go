package scenes

import (
	"errors"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/lapack/lapack64"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// rounds is the number of iterations.
const rounds = 2

// projection maps P features to the D principal components of the training pictures.
type projection struct {
	mean   []float64  // (P)
	matrix *mat.Dense // (P, D)
}

// fit finds the principal components of the rows of x by subspace iteration: multiplication by the covariance matrix turns
// a random subspace towards the eigenvectors with the largest eigenvalues,
//
//	Q ← qr(C·Q),  C = XᵀX/(N−1),  QᵀCQ = V·Λ·Vᵀ,  components = Q·V
//
// which is much faster than computing all P components. The components are scaled by λ^−¼, halfway to whitening: the large
// ones do not hide the small ones, which distinguish the objects, and noise in the smallest is not amplified. A common
// factor then makes the mean variance 1.
//
// If there are fewer pictures than components, the rest of the projection is zero. fit calls step after each expensive step
// and stops when it returns an error.
//
// Shapes: x (N, P), which is centred in place; result (P, D).
//
// Source: N. Halko, P.-G. Martinsson and J. A. Tropp, "Finding structure with
// randomness", SIAM Review 53, 2011, section 4.5.
func fit(x *mat.Dense, dims int, r *rand.Rand, step func() error) (*projection, error) {
	n, p := x.Dims()
	mean := make([]float64, p)
	for j := range mean {
		mean[j] = stat.Mean(mat.Col(nil, j, x), nil)
	}
	pca := &projection{mean: mean, matrix: mat.NewDense(p, dims, nil)}
	pca.centre(x)

	var cov mat.Dense
	cov.Mul(mat.DenseCopyOf(x.T()), x) // without the copy, x.T() is read with a stride of P
	cov.Scale(1/float64(max(n-1, 1)), &cov)
	if err := step(); err != nil {
		return nil, err
	}

	// Additional directions make the last ones converge faster.
	rank := min(dims+48, p, n)
	q := mat.NewDense(p, rank, nil)
	for i := range q.RawMatrix().Data {
		q.RawMatrix().Data[i] = r.NormFloat64()
	}
	var product mat.Dense
	for range rounds {
		// Two products for each expensive orthonormalization; float64 is precise enough for that.
		product.Mul(&cov, q)
		q.Mul(&cov, &product)
		orthonormalise(q)
		if err := step(); err != nil {
			return nil, err
		}
	}

	product.Mul(&cov, q)
	var small mat.Dense
	small.Mul(q.T(), &product)
	symmetric := mat.NewSymDense(rank, nil)
	for i := range rank {
		for j := i; j < rank; j++ {
			symmetric.SetSym(i, j, (small.At(i, j)+small.At(j, i))/2)
		}
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(symmetric, true) {
		return nil, errors.New("the principal components of the pictures do not converge; use another seed")
	}
	var vectors, components mat.Dense
	eigen.VectorsTo(&vectors)
	components.Mul(q, &vectors)
	pca.scale(&components, eigen.Values(nil))
	return pca, step()
}

// scale fills the matrix with the components. Their eigenvalues are in ascending order.
func (p *projection) scale(components *mat.Dense, values []float64) {
	rows, dims := p.matrix.Dims()
	var total float64
	last := len(values) - 1
	for j := range min(dims, len(values)) {
		// N centred pictures have at most N−1 components; more would be rounding errors.
		if λ := values[last-j]; λ > values[last]*1e-12 {
			total += math.Sqrt(λ)
		}
	}
	unit := math.Sqrt(float64(dims) / total)
	for j := range min(dims, len(values)) {
		λ := values[last-j]
		if λ <= values[last]*1e-12 {
			break
		}
		factor := unit / math.Sqrt(math.Sqrt(λ))
		for i := range rows {
			p.matrix.Set(i, j, factor*components.At(i, last-j))
		}
	}
}

// centre subtracts the mean of the training pictures.
func (p *projection) centre(x *mat.Dense) {
	rows, _ := x.Dims()
	for i := range rows {
		row := x.RawRowView(i)
		for j, m := range p.mean {
			row[j] -= m
		}
	}
}

// apply projects centred features.
//
// Shapes: x (N, P), result (N, D) in one slice.
func (p *projection) apply(x *mat.Dense) []float32 {
	var y mat.Dense
	y.Mul(x, p.matrix)
	data := y.RawMatrix().Data
	out := make([]float32, len(data))
	for i, v := range data {
		out[i] = float32(v)
	}
	return out
}

// orthonormalise replaces the columns of q by an orthonormal basis of their span, the Q of the QR decomposition. (mat.QR
// would compute the whole square Q.)
func orthonormalise(q *mat.Dense) {
	a := q.RawMatrix()
	tau, work := make([]float64, a.Cols), make([]float64, 1)
	lapack64.Geqrf(a, tau, work, -1) // asks for the size of its workspace
	work = make([]float64, int(work[0]))
	lapack64.Geqrf(a, tau, work, len(work))
	lapack64.Orgqr(a, tau, work, len(work))
}
