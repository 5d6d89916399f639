package loop_test

import (
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/loop"
)

// TestSupported guards against a change in GoMLX: without loops training is slower, but no other test fails.
func TestSupported(t *testing.T) {
	t.Parallel()
	require.True(t, loop.Supported(testbackend.Get(t)))
}

// TestSteps adds 3·x to a variable for each x of a call and returns the value after each step.
func TestSteps(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		most  int
		calls [][]float32
		want  [][]float32
	}{
		{"loop", 4, [][]float32{{1, 2, 3}, {4}, {5, 6, 7, 8}}, [][]float32{{3, 9, 18, 0}, {30, 0, 0, 0}, {45, 63, 84, 108}}},
		{"no loop", 1, [][]float32{{1}, {2}, {3}}, [][]float32{{3}, {9}, {18}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			store := model.NewStore()
			v, err := store.CreateVariable("/v", tensors.FromScalar(float32(0)))
			require.NoError(t, err)
			exec, err := model.NewExec(testbackend.Get(t), store, func(_ *model.Scope, in []*Node) []*Node {
				s := loop.Steps{Max: c.most, Vars: []*model.Variable{v}, Outputs: []shapes.Shape{shapes.Make(dtypes.Float32)}}
				return s.Run(in[0], in[1:2], in[2:], func(fixed, each []*Node) []*Node {
					v.SetNodeValue(Add(v.NodeValue(in[0].Graph()), Mul(fixed[0], each[0])))
					return []*Node{v.NodeValue(in[0].Graph())}
				})
			})
			require.NoError(t, err)
			defer exec.Finalize()
			for i, xs := range c.calls {
				each := make([]float32, c.most)
				copy(each, xs)
				out, err := exec.Call(int32(len(xs)), float32(3), each)
				require.NoError(t, err)
				require.Equal(t, c.want[i], out[0].Value())
			}
			last := c.want[len(c.want)-1]
			value, err := v.Value()
			require.NoError(t, err)
			require.Equal(t, last[len(last)-1], tensors.ToScalar[float32](value))
		})
	}
}
