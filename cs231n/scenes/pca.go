package scenes

import (
	"errors"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/lapack/lapack64"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// rounds is how often the subspace is turned and made orthonormal again.
const rounds = 2

// projection maps features of P numbers to the D that tell most about the training
// pictures.
type projection struct {
	mean   []float64  // (P)
	matrix *mat.Dense // (P, D)
}

// fit finds the principal components of the rows of x by subspace iteration: multiplying a
// random subspace with the covariance matrix turns it towards the greatest eigenvectors,
//
//	Q ← qr(C·Q),  C = XᵀX/(N−1),  QᵀCQ = V·Λ·Vᵀ,  components = Q·V
//
// which is much quicker than to compute all P of them. The components are scaled by
// λ^−¼, half way to white: the large ones do not drown the small ones, which tell what
// the objects are, and the noise in the smallest stays small. A common factor then makes
// the mean variance 1.
//
// If there are fewer pictures than components the rest of the projection is zero. step
// is called after each costly step; an error from it ends the work.
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
	cov.Mul(mat.DenseCopyOf(x.T()), x) // the copy is well worth it: x.T() alone is read in steps of P
	cov.Scale(1/float64(max(n-1, 1)), &cov)
	if err := step(); err != nil {
		return nil, err
	}

	// Some more directions than needed make the last ones right sooner.
	rank := min(dims+48, p, n)
	q := mat.NewDense(p, rank, nil)
	for i := range q.RawMatrix().Data {
		q.RawMatrix().Data[i] = r.NormFloat64()
	}
	var product mat.Dense
	for range rounds {
		// Two products for each costly orthonormalisation: float64 has room for both.
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
		return nil, errors.New("the principal components of the pictures do not converge; try another seed")
	}
	var vectors, components mat.Dense
	eigen.VectorsTo(&vectors)
	components.Mul(q, &vectors)
	pca.scale(&components, eigen.Values(nil))
	return pca, step()
}

// scale fills the matrix with components whose eigenvalues go up.
func (p *projection) scale(components *mat.Dense, values []float64) {
	rows, dims := p.matrix.Dims()
	var total float64
	last := len(values) - 1
	for j := range min(dims, len(values)) {
		// Of N centred pictures at most N−1 components are more than rounding errors.
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

// orthonormalise replaces the columns of q by an orthonormal basis of what they span, the
// Q of its QR decomposition. (mat.QR would make the whole square Q.)
func orthonormalise(q *mat.Dense) {
	a := q.RawMatrix()
	tau, work := make([]float64, a.Cols), make([]float64, 1)
	lapack64.Geqrf(a, tau, work, -1) // asks how much memory it wants
	work = make([]float64, int(work[0]))
	lapack64.Geqrf(a, tau, work, len(work))
	lapack64.Orgqr(a, tau, work, len(work))
}
