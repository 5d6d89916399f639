package metrics

import (
	"github.com/gomlx/compute"
	"gonum.org/v1/gonum/mat"
)

// PrecisionRecall measures the quality and the variety of generated pictures separately. The manifold of a set is the union of balls
// around its points, each with the distance to the point's k-th nearest neighbour in the set as its radius. Precision is
// the share of fakes on the manifold of the real images, recall the share of real images on the manifold of the fakes:
//
//	precision = 1/M · Σ_j [ ∃i: ‖fake_j − real_i‖ ≤ NN_k(real_i) ]
//
// with NN_k the distance to the k-th nearest neighbour, and recall the same with real and fake exchanged. The paper uses
// k = 3 and as many fakes as real images. A collapsed generator has high precision and low recall.
//
// It is an error if a set has k rows or fewer, if k < 1, if the sets have different widths, or if a value is NaN or
// above 1e15.
//
// Shapes: real (R, F), fake (M, F).
//
// Source: T. Kynkäänniemi, T. Karras, S. Laine, J. Lehtinen and T. Aila, "Improved Precision and Recall Metric for
// Assessing Generative Models", NeurIPS 2019, https://arxiv.org/abs/1904.06991.
func PrecisionRecall(backend compute.Backend, real, fake *mat.Dense, k int) (precision, recall float64, err error) {
	r, f, err := newSets("the real set", real, "the fake set", fake)
	if err != nil {
		return 0, 0, err
	}
	radiiR, err := radii(backend, r, k)
	if err != nil {
		return 0, 0, err
	}
	radiiF, err := radii(backend, f, k)
	if err != nil {
		return 0, 0, err
	}
	realistic, covered := make([]bool, f.rows), make([]bool, r.rows)
	err = visitPairs(backend, r, f, func(i, first int, lows []float32) {
		for j, low := range lows {
			j, low := first+j, float64(low)
			if (realistic[j] || low > radiiR[i]) && (covered[i] || low > radiiF[j]) {
				continue
			}
			distance := square(r.row(i), f.row(j))
			realistic[j] = realistic[j] || distance <= radiiR[i]
			covered[i] = covered[i] || distance <= radiiF[j]
		}
	})
	return share(realistic), share(covered), err
}

// radii returns for each point the squared distance to its k-th nearest neighbour.
func radii(backend compute.Backend, s set[float64], k int) ([]float64, error) {
	found, err := neighbours(backend, s, s, k, true)
	squares := make([]float64, len(found))
	for i, nearest := range found {
		squares[i] = nearest[k-1].square
	}
	return squares, err
}

// share returns the fraction that is true.
func share(all []bool) float64 {
	count := 0
	for _, one := range all {
		if one {
			count++
		}
	}
	return float64(count) / float64(len(all))
}
