package nn_test

import (
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/nn"
)

func TestSetValue(t *testing.T) {
	t.Parallel()
	p := nn.NewParam("weight", []float32{1, 2, 3, 4, 5, 6}, 2, 3)
	for name, value := range map[string]*tensors.Tensor{
		"another type":  tensors.FromValue([][]float64{{1, 2, 3}, {4, 5, 6}}),
		"another shape": tensors.FromValue([][]float32{{1, 2}, {3, 4}, {5, 6}}),
		"another rank":  tensors.FromValue([]float32{1, 2, 3, 4, 5, 6}),
	} {
		old := p.Value
		err := p.SetValue(value)
		require.ErrorContains(t, err, "nn: parameter weight is (Float32)[2, 3] and cannot take a value of (Float", name)
		require.Same(t, old, p.Value, name)
	}
	value := tensors.FromValue([][]float32{{6, 5, 4}, {3, 2, 1}})
	require.NoError(t, p.SetValue(value))
	require.Same(t, value, p.Value)
}

func TestDouble(t *testing.T) {
	t.Parallel()
	narrow := nn.NewParam("narrow", []float32{0.1, -2, 3}, 3, 1)
	wide := nn.NewParam("wide", []float64{0.1, 0.2}, 2)
	kept := wide.Value
	nn.Double([]*nn.Param{narrow, wide})
	require.Equal(t, [][]float64{{float64(float32(0.1))}, {-2}, {3}}, narrow.Value.Value())
	require.Same(t, kept, wide.Value)
}

func TestBind(t *testing.T) {
	t.Parallel()
	a, b := nn.NewParam("a", []float32{1}, 1), nn.NewParam("b", []float32{2}, 1)
	require.PanicsWithError(t, "nn: 1 nodes for 2 parameters", func() { nn.Bind([]*nn.Param{a, b}, make([]*Node, 1)) })
	nodes := []*Node{new(Node), new(Node)}
	values := nn.Bind([]*nn.Param{a, b}, nodes)
	require.Len(t, values, 2)
	require.Same(t, nodes[0], values[a])
	require.Same(t, nodes[1], values[b])
	reversed := values.Of([]*nn.Param{b, a})
	require.Same(t, nodes[1], reversed[0])
	require.Same(t, nodes[0], reversed[1])
}

func TestPrefixed(t *testing.T) {
	t.Parallel()
	params := nn.Linear(2, 3, nil).Params()
	require.Equal(t, params, nn.Prefixed("linear1", params))
	require.Equal(t, "linear1/weight", params[0].Name)
	require.Equal(t, "linear1/bias", params[1].Name)
}

// TestCompute passes inputs and parameters in order.
func TestCompute(t *testing.T) {
	t.Parallel()
	a, b := nn.NewParam("a", []float32{2, 3}, 2), nn.NewParam("b", []float32{5, 7}, 2)
	out, err := nn.Compute(testbackend.Get(t), []*nn.Param{a, b}, []any{[]float32{11, 13}, float32(17)}, func(p nn.Values, in []*Node) []*Node {
		require.Len(t, in, 2)
		return []*Node{Sub(in[0], p[a]), Mul(in[1], p[b])}
	})
	require.NoError(t, err)
	require.Equal(t, []float32{9, 10}, out[0].Value())
	require.Equal(t, []float32{85, 119}, out[1].Value())
}

func TestComputeRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		outputs func(x *Node) []*Node
		wantErr string
	}{
		"no outputs":   {func(*Node) []*Node { return nil }, "nn: the graph returns 0 nodes, the first nil at index -1"},
		"a nil output": {func(x *Node) []*Node { return []*Node{x, nil} }, "nn: the graph returns 2 nodes, the first nil at index 1"},
		"nil alone":    {func(*Node) []*Node { return []*Node{nil} }, "nn: the graph returns 1 nodes, the first nil at index 0"},
	} {
		_, err := nn.Compute(testbackend.Get(t), nil, []any{[]float32{1}}, func(_ nn.Values, in []*Node) []*Node { return c.outputs(in[0]) })
		require.ErrorContains(t, err, c.wantErr, name)
		require.NotContains(t, err.Error(), "\n", name)
	}
}
