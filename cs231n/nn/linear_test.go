package nn_test

import (
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// TestProducts compares the products of matrices with loops in Go.
func TestProducts(t *testing.T) {
	t.Parallel()
	const d, m = 5, 3
	for _, leading := range [][]int{{7}, {2, 7}, {2, 11, 7}, {}} {
		rows := 1
		for _, n := range leading {
			rows *= n
		}
		stream := rng.NewNumPy(231)
		dims := func(last int) []int { return append(leading[:len(leading):len(leading)], last) }
		x, w, y := normals(stream, dims(d)...), normals(stream, d, m), normals(stream, dims(m)...)
		xs, ws, ys := floats(x), floats(w), floats(y)

		product, transposed, outer, sums := make([]float64, rows*m), make([]float64, rows*d), make([]float64, d*m), make([]float64, d)
		for n := range rows {
			for i := range d {
				sums[i] += xs[n*d+i]
				for j := range m {
					product[n*m+j] += xs[n*d+i] * ws[i*m+j]
					transposed[n*d+i] += ys[n*m+j] * ws[i*m+j]
					outer[i*m+j] += xs[n*d+i] * ys[n*m+j]
				}
			}
		}
		out, err := nn.Compute(testbackend.Get(t), nil, []any{x, w, y}, func(_ nn.Values, in []*Node) []*Node {
			x, w, y := in[0], in[1], in[2]
			return []*Node{nn.Product(x, w), nn.ProductT(y, w), nn.TProduct(x, y), nn.SumRows(x)}
		})
		require.NoError(t, err)
		requireClose(t, tensors.FromFlatDataAndDimensions(product, dims(m)...), out[0], 1e-13, 1e-13, "Product")
		requireClose(t, tensors.FromFlatDataAndDimensions(transposed, dims(d)...), out[1], 1e-13, 1e-13, "ProductT")
		requireClose(t, tensors.FromFlatDataAndDimensions(outer, d, m), out[2], 1e-13, 1e-13, "TProduct")
		requireClose(t, tensors.FromFlatDataAndDimensions(sums, d), out[3], 1e-13, 1e-13, "SumRows")
	}
}

// TestAffine compares the affine map and its gradients with those of GoMLX.
func TestAffine(t *testing.T) {
	t.Parallel()
	for _, leading := range [][]int{{7}, {2, 7}, {2, 11, 7}} {
		stream := rng.NewNumPy(231)
		inputs := []any{normals(stream, append(leading, 5)...), normals(stream, 5, 3), normals(stream, 3), normals(stream, append(leading, 3)...)}
		out, err := nn.Compute(testbackend.Get(t), nil, inputs, func(_ nn.Values, in []*Node) []*Node {
			x, w, b, dy := in[0], in[1], in[2], in[3]
			y, back := nn.Affine(x, w, b)
			dx, dparams := back(dy)
			plain := Add(nn.Product(x, w), BroadcastPrefix(b, leading...))
			return append(append([]*Node{y, dx}, dparams...), append([]*Node{plain}, derived(plain, dy, x, w, b)...)...)
		})
		require.NoError(t, err)
		require.Len(t, out, 8)
		for i, name := range []string{"y", "dx", "dw", "db"} {
			requireClose(t, out[4+i], out[i], 1e-13, 1e-13, name)
		}
	}
}

func TestAffineRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ x, w, b []int }{
		"another width of the input": {[]int{2, 7}, []int{5, 3}, []int{3}},
		"a transposed weight":        {[]int{2, 5}, []int{3, 5}, []int{3}},
		"another bias":               {[]int{2, 5}, []int{5, 3}, []int{5}},
		"a bias of rank 2":           {[]int{2, 5}, []int{5, 3}, []int{3, 1}},
		"a weight of rank 1":         {[]int{2, 5}, []int{5}, []int{5}},
		"a weight of rank 3":         {[]int{2, 5}, []int{5, 3, 1}, []int{3}},
	} {
		stream := rng.NewNumPy(231)
		inputs := []any{normals(stream, c.x...), normals(stream, c.w...), normals(stream, c.b...)}
		_, err := nn.Compute(testbackend.Get(t), nil, inputs, func(_ nn.Values, in []*Node) []*Node {
			y, _ := nn.Affine(in[0], in[1], in[2])
			return []*Node{y}
		})
		require.ErrorContains(t, err, "nn: affine map of (Float64)[2, ", name)
		require.NotContains(t, err.Error(), "\n", name)
	}
}
