package metrics

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// Inception computes the inception score of class probabilities: the exponential of the mean divergence of a picture's
// classes from the mean of all pictures,
//
//	exp( 1/M · Σ_i KL(p_i ‖ p̄) ),  p̄ = 1/M · Σ_i p_i
//
// It is 1 if all rows are equal, and at most C: each picture has one certain class, and all classes are equally frequent. It
// does not use real images. The paper takes the probabilities from the Inception network; here they come from any
// classifier.
//
// It is an error if a row is no distribution: if a value is negative or NaN, or if their sum is not 1.
//
// Shapes: p (M, C).
//
// Source: T. Salimans, I. Goodfellow, W. Zaremba, V. Cheung, A. Radford and X. Chen, "Improved Techniques for Training
// GANs", NeurIPS 2016, https://arxiv.org/abs/1606.03498.
func Inception(p *mat.Dense) (float64, error) {
	s, err := distributions(p)
	if err != nil {
		return 0, err
	}
	mean := make([]float64, s.width)
	for i := range s.rows {
		floats.Add(mean, s.row(i))
	}
	floats.Scale(1/float64(s.rows), mean)
	var sum float64
	for i := range s.rows {
		sum += stat.KullbackLeibler(s.row(i), mean)
	}
	return math.Exp(sum / float64(s.rows)), nil
}

// Histogram returns for each class the share of rows in which it has the largest probability. A class that a generator
// never draws has 0. Rows are refused as by [Inception].
//
// Shapes: p (M, C) -> (C), whose sum is 1.
func Histogram(p *mat.Dense) ([]float64, error) {
	s, err := distributions(p)
	if err != nil {
		return nil, err
	}
	shares := make([]float64, s.width)
	for i := range s.rows {
		shares[floats.MaxIdx(s.row(i))]++
	}
	floats.Scale(1/float64(s.rows), shares)
	return shares, nil
}

// distributions refuses rows that are no probabilities. Those of a softmax in float32 sum to 1 within its rounding.
func distributions(p *mat.Dense) (set[float64], error) {
	s, err := fromDense("the probabilities", p)
	if err != nil {
		return s, err
	}
	for i := range s.rows {
		row := s.row(i)
		if sum := floats.Sum(row); floats.Min(row) < 0 || math.Abs(sum-1) > 1e-4 {
			return s, fmt.Errorf("metrics: row %d has values from %.4g on and a sum of %.4g; give probabilities, such as a softmax", i, floats.Min(row), sum)
		}
	}
	return s, nil
}
