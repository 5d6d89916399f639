package bench

import (
	"fmt"
	"math"
	"time"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// Peak is the rate of large matrix products, the most that a training step can hope for.
type Peak struct {
	GFLOPs float64 `json:"gflops"` // 10⁹ operations a second
	Device string  `json:"device"` // where
}

// MeasurePeak measures products of float32 matrices of 2048 rows and columns, the best of a few runs.
func MeasurePeak(backend compute.Backend) (Peak, error) {
	const (
		n        = 2048
		runs     = 4
		products = 6 // in one run, so that a GPU's way back to the host does not count
	)
	values := make([]float32, n*n)
	scale := 1 / math.Sqrt(n) // keeps the size of what is multiplied again and again
	rng.NewTorch(seed).Normal(values, 0, scale)
	matrix := tensors.FromFlatDataAndDimensions(values, n, n)
	exec, err := NewExec(backend, func(a *Node) *Node {
		product := a
		for range products {
			product = Dot(product, a).Product()
		}
		return ReduceAllMax(product) // needs every value of the product
	})
	if err != nil {
		return Peak{}, fmt.Errorf("bench: %w", err)
	}
	defer exec.Finalize()
	best := math.Inf(1)
	for range runs + 1 { // the first compiles
		begin := time.Now()
		out, err := exec.Call(matrix)
		if err != nil {
			return Peak{}, fmt.Errorf("bench: a product of %d×%d matrices: %w", n, n, err)
		}
		tensors.ToScalar[float32](out[0]) // waits for the device
		best = min(best, time.Since(begin).Seconds())
	}
	return Peak{GFLOPs: 2 * n * n * n * products / best / 1e9, Device: backend.DeviceDescription(0)}, nil
}
