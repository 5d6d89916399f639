package device

import (
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"
)

// BenchmarkTrainingStep times forward pass, backward pass and update of a 784-256-256-1 perceptron with 128 images on
// XLA's CPU plugin and on the pure-Go backend. The warning about the pure-Go backend quotes the ratio.
func BenchmarkTrainingStep(b *testing.B) {
	for _, order := range []string{"xla:" + realPlugin(b), "go"} {
		name, _, _ := strings.Cut(order, ":")
		b.Run(name, func(b *testing.B) {
			backend, _, err := fake(b, map[string]string{"GOMLX_BACKEND": order}).choose(options{})
			require.NoError(b, err)
			defer backend.Finalize()
			step, err := NewExec(backend, func(x, w1, w2, w3 *Node) []*Node {
				h := MaxScalar(Dot(x, w1).Product(), 0)
				h = MaxScalar(Dot(h, w2).Product(), 0)
				loss := ReduceAllMean(Square(Dot(h, w3).Product()))
				weights := []*Node{w1, w2, w3}
				for i, g := range Gradient(loss, weights...) {
					weights[i] = Sub(weights[i], MulScalar(g, 1e-3))
				}
				return append(weights, loss)
			})
			require.NoError(b, err)
			args := []any{constant(128, 784), constant(784, 256), constant(256, 256), constant(256, 1)}
			run := func() {
				out, err := step.Call(args...)
				require.NoError(b, err)
				_ = out[3].Value() // waits for the device
				for _, t := range out {
					t.MustFinalizeAll()
				}
			}
			run() // compiles
			for b.Loop() {
				run()
			}
		})
	}
}

func constant(rows, columns int) *tensors.Tensor {
	flat := make([]float32, rows*columns)
	for i := range flat {
		flat[i] = float32(i%13)/100 - 0.05
	}
	return tensors.FromFlatDataAndDimensions(flat, rows, columns)
}
