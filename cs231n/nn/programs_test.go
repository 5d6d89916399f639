package nn_test

import (
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/nn"
)

func TestPrograms(t *testing.T) {
	t.Parallel()
	backend := testbackend.Get(t)
	var programs nn.Programs[string]
	times := func(factor float64) func(in []*Node) []*Node {
		return func(in []*Node) []*Node { return []*Node{MulScalar(in[0], factor)} }
	}
	run := func(key string, factor float64) float32 {
		exec, err := programs.Get(backend, key, times(factor))
		require.NoError(t, err)
		y, err := exec.Call1(float32(10))
		require.NoError(t, err)
		return y.Value().(float32)
	}
	require.Equal(t, float32(20), run("two", 2))
	require.Equal(t, float32(20), run("two", 7), "the first graph")
	require.Equal(t, float32(30), run("three", 3))
	require.Equal(t, 2, programs.Len())
	programs.Close()
	require.Zero(t, programs.Len())
	require.Equal(t, float32(70), run("two", 7), "a new program")
	_, err := programs.Get(nil, "two", times(2))
	require.NoError(t, err)
	require.Equal(t, 2, programs.Len(), "of another backend")
}
