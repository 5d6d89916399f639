package loop_test

import (
	"testing"

	"github.com/gomlx/compute/gobackend"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/loop"
)

// TestFor computes the partial sums of a matrix's weighted columns.
func TestFor(t *testing.T) {
	t.Parallel()
	x := [][]float64{{1, 2, 3}, {10, 20, 30}}
	weights := []float64{2, 3, 5}
	for _, c := range []struct {
		name string
		run  func(n int, fixed, state []*Node, body loop.Body) []*Node
		want [][]float64
	}{
		{"forwards", loop.For, [][]float64{{0, 2, 8, 23}, {0, 20, 80, 230}}},
		{"known at run time", times, [][]float64{{0, 2, 8, 23}, {0, 20, 80, 230}}},
		{"backwards", loop.Backwards, [][]float64{{0, 23, 21, 15}, {0, 230, 210, 150}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := CallOnce(testbackend.Get(t), func(x, weights *Node) *Node {
				sum := loop.Zero(x, 2)
				return c.run(3, []*Node{x, weights}, []*Node{sum, loop.Buffer(sum, 1, 4)}, func(t *Node, fixed, state []*Node) []*Node {
					x, weights := fixed[0], fixed[1]
					sum := Add(state[0], Mul(loop.At(x, 1, t), loop.At(weights, 0, t)))
					return []*Node{sum, loop.Put(state[1], 1, loop.Next(t), sum)}
				})[1]
			}, x, weights)
			require.NoError(t, err)
			require.Equal(t, c.want, got.Value())
		})
	}
}

// times is loop.Times with an n that is a value of the graph.
func times(n int, fixed, state []*Node, body loop.Body) []*Node {
	return loop.Times(Const(fixed[0].Graph(), int32(n)), fixed, state, body)
}

// TestNoIterations expects the initial state.
func TestNoIterations(t *testing.T) {
	t.Parallel()
	got, err := CallOnce(testbackend.Get(t), func(x *Node) *Node {
		return loop.For(0, nil, []*Node{x}, func(_ *Node, _, state []*Node) []*Node {
			return []*Node{Square(state[0])}
		})[0]
	}, []float32{1, 3})
	require.NoError(t, err)
	require.Equal(t, []float32{1, 3}, got.Value())
}

// TestPureGo expects a helpful error from a backend without loops.
func TestPureGo(t *testing.T) {
	t.Parallel()
	backend, err := gobackend.New("")
	require.NoError(t, err)
	defer backend.Finalize()
	require.False(t, loop.Supported(backend))
	_, err = CallOnce(backend, func(x *Node) *Node {
		return loop.At(x, 0, Const(x.Graph(), int32(1)))
	}, []float32{1, 3})
	require.ErrorContains(t, err, "cannot run loops over time")
	require.ErrorContains(t, err, "make setup")
}

func TestMisuse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		build func(x *Node) []*Node
		want  string
	}{
		"empty state": {func(*Node) []*Node { return loop.For(1, nil, nil, nil) }, "the state is empty"},
		"shorter state": {func(x *Node) []*Node {
			return loop.For(1, nil, []*Node{x, x}, func(_ *Node, _, state []*Node) []*Node { return state[:1] })
		}, "1 values for a state of 2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := CallOnceN(testbackend.Get(t), c.build, tensors.FromScalar(1.0))
			require.ErrorContains(t, err, c.want)
		})
	}
}
