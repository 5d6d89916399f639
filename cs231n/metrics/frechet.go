package metrics

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// Frechet computes the Fréchet distance of two sets of features: it fits a Gaussian to each set,
//
//	d² = ‖μa − μb‖² + tr Σa + tr Σb − 2 tr √(Σa·Σb)
//
// with the means μ and the unbiased covariances Σ (divided by M−1). It is 0 for equal Gaussians, and grows as
// pictures get worse or less varied. With InceptionV3's features this is the Fréchet inception distance (FID). It decreases
// with the number of samples, so compare sets of equal size.
//
// It is an error if a set has fewer than F+1 rows, which leave its covariance singular, if the sets have different widths,
// or if a value is NaN or above 1e15.
//
// Shapes: a (M, F), b (N, F).
//
// Source: M. Heusel, H. Ramsauer, T. Unterthiner, B. Nessler and S. Hochreiter, "GANs Trained by a Two Time-Scale Update
// Rule Converge to a Local Nash Equilibrium", NeurIPS 2017, https://arxiv.org/abs/1706.08500.
func Frechet(a, b *mat.Dense) (float64, error) {
	setA, setB, err := newSets("the first set", a, "the second set", b)
	if err != nil {
		return 0, err
	}
	ga, err := fit(setA)
	if err != nil {
		return 0, err
	}
	gb, err := fit(setB)
	if err != nil {
		return 0, err
	}
	// With Σa = RaᵀRa and Σb = RbᵀRb the trace is the sum of the singular values of Ra·Rbᵀ: those of √Σa·√Σb, whose
	// squares are the eigenvalues of Σa·Σb. Roots of these eigenvalues would turn an error of 1e-16 into 1e-8.
	var product mat.Dense
	product.Mul(ga.root, gb.root.T())
	var svd mat.SVD
	if !svd.Factorize(&product, mat.SVDNone) {
		return 0, errors.New("metrics: the singular values of the covariances do not converge")
	}
	means := floats.Distance(ga.mean, gb.mean, 2)
	return max(0, means*means+ga.trace+gb.trace-2*floats.Sum(svd.Values(nil))), nil
}

// gaussian is a normal distribution.
type gaussian struct {
	mean  []float64  // (F)
	root  *mat.Dense // (F, F), rootᵀ·root is the covariance
	trace float64    // of the covariance
}

// fit estimates the Gaussian of a set.
func fit(s set[float64]) (*gaussian, error) {
	if s.rows <= s.width {
		return nil, fmt.Errorf("metrics: %s has %d rows for %d features, so that its covariance would be singular; give at least %d", s.name, s.rows, s.width, s.width+1)
	}
	x := dense(s)
	g := &gaussian{mean: make([]float64, s.width)}
	for j := range g.mean {
		g.mean[j] = stat.Mean(mat.Col(nil, j, x), nil)
	}
	var covariance mat.SymDense
	stat.CovarianceMatrix(&covariance, x, nil)
	g.trace = covariance.Trace()
	var eigen mat.EigenSym
	if !eigen.Factorize(&covariance, true) {
		return nil, fmt.Errorf("metrics: the eigenvalues of the covariance of %s do not converge", s.name)
	}
	values := eigen.Values(nil) // in ascending order
	noise := values[len(values)-1] * float64(s.width) * 0x1p-52
	for i, λ := range values {
		if λ < noise { // a rounding error in place of 0, often negative
			λ = 0
		}
		values[i] = math.Sqrt(λ)
	}
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	g.root = mat.NewDense(s.width, s.width, nil)
	g.root.Mul(mat.NewDiagDense(s.width, values), vectors.T())
	return g, nil
}
