package metrics

import (
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/compute"
)

// Nearest finds for each query the row of a set with the smallest Euclidean distance, such as the training image that is
// most like a generated one. Of equally near rows it takes the first. The distances are exact to rounding: a copy is at 0.
//
// It is an error if a value is NaN or above 1e15, or if the values are no rows of the width.
//
// Shapes: queries (M, width), set (S, width) -> rows and distances (M).
func Nearest[T float32 | float64](backend compute.Backend, queries, set []T, width int) (rows []int, distances []float64, err error) {
	q, err := newSet("queries", queries, width)
	if err != nil {
		return nil, nil, err
	}
	s, err := newSet("set", set, width)
	if err != nil {
		return nil, nil, err
	}
	found, err := neighbours(backend, q, s, 1, false)
	if err != nil {
		return nil, nil, err
	}
	for _, list := range found {
		rows, distances = append(rows, list[0].row), append(distances, math.Sqrt(list[0].square))
	}
	return rows, distances, nil
}

// neighbour is a row of a set at a squared distance.
type neighbour struct {
	row    int
	square float64
}

// neighbours finds for each query the k nearest rows of a set, the nearest first. With others, query i leaves out row i:
// queries and set are the same.
func neighbours[T float](backend compute.Backend, queries, among set[T], k int, others bool) ([][]neighbour, error) {
	if k < 1 {
		return nil, fmt.Errorf("metrics: k = %d nearest neighbours; k must be at least 1", k)
	}
	if others && among.rows <= k {
		return nil, fmt.Errorf("metrics: %s has %d rows, too few for the %d nearest neighbours of each; give at least %d", among.name, among.rows, k, k+1)
	}
	found := make([][]neighbour, queries.rows)
	for i := range found {
		found[i] = slices.Repeat([]neighbour{{square: math.Inf(1)}}, k)
	}
	err := visitPairs(backend, queries, among, func(i, first int, lows []float32) {
		nearest := found[i]
		for j, low := range lows {
			if float64(low) >= nearest[k-1].square || others && first+j == i {
				continue
			}
			insert(nearest, neighbour{first + j, square(queries.row(i), among.row(first+j))})
		}
	})
	return found, err
}

// insert puts n into the sorted list, after equals, and drops the last.
func insert(list []neighbour, n neighbour) {
	i := len(list) - 1
	if n.square >= list[i].square {
		return
	}
	for ; i > 0 && n.square < list[i-1].square; i-- {
		list[i] = list[i-1]
	}
	list[i] = n
}
