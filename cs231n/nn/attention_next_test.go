//go:build !plain

package nn_test

import (
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// TestAttentionNext computes one position after another from the cache and compares it with causal self-attention.
func TestAttentionNext(t *testing.T) {
	t.Parallel()
	const n, length, e, heads = 3, 7, 10, 2
	stream := rng.NewNumPy(231)
	a := nn.MultiHeadAttention(e, heads, nil)
	randomize(t, a.Params(), stream)
	out, err := nn.Compute(testbackend.Get(t), a.Params(), []any{normals(stream, n, length, e)}, func(p nn.Values, in []*Node) []*Node {
		x, g := in[0], in[0].Graph()
		full, _, _ := a.Forward(p, x, x, x, LowerTriangular(g, length), nil)
		// The cache after the current position must not matter.
		empty := shapes.Make(dtypes.Float64, n, heads, length, e/heads)
		keys, values := FillScalar(g, empty, 7), FillScalar(g, empty, -5)
		var steps []*Node
		for i := range length {
			var y *Node
			y, keys, values = a.Next(p, Reshape(SliceAxis(x, 1, AxisElem(i)), n, e), keys, values, Const(g, int32(i)))
			steps = append(steps, y)
		}
		return []*Node{full, Stack(steps, 1)}
	})
	require.NoError(t, err)
	requireClose(t, out[0], out[1], 1e-12, 1e-13, "every position")
}
