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

// Peak is the rate of large matrix products, an upper bound for training steps.
type Peak struct {
	GFLOPs float64 `json:"gflops"` // 10⁹ operations per second
	Device string  `json:"device"` // description of the device
}

// MeasurePeak measures products of 2048×2048 float32 matrices and returns the best of a few runs.
func MeasurePeak(backend compute.Backend) (Peak, error) {
	const (
		n        = 2048
		runs     = 4
		products = 6 // per run, to amortize the transfer from a GPU to the host
	)
	values := make([]float32, n*n)
	scale := 1 / math.Sqrt(n) // keeps the magnitude of repeated products
	rng.NewTorch(seed).Normal(values, 0, scale)
	matrix := tensors.FromFlatDataAndDimensions(values, n, n)
	exec, err := NewExec(backend, func(a *Node) *Node {
		product := a
		for range products {
			product = Dot(product, a).Product()
		}
		return ReduceAllMax(product) // depends on every value of the product
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
