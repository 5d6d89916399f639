package temporal_test

import (
	"fmt"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/arrays"
	"github.com/cs231n-go/assignment3/cs231n/gradcheck"
	"github.com/cs231n-go/assignment3/cs231n/internal/gradtest"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/temporal"
)

func TestEmbeddingForward(t *testing.T) {
	t.Parallel()
	x := tensors.FromValue([][]int32{{0, 3, 1, 2}, {2, 1, 0, 3}})
	got, err := gradcheck.Eval(testbackend.Get(t), func(in []*Node) *Node {
		out, _ := temporal.EmbeddingForward(in[0], in[1])
		return out
	}, x, arrays.Linspace(0, 1, 5, 3))
	require.NoError(t, err)
	want := []float64{
		0, 0.07142857, 0.14285714, 0.64285714, 0.71428571, 0.78571429, 0.21428571, 0.28571429, 0.35714286, 0.42857143, 0.5, 0.57142857,
		0.42857143, 0.5, 0.57142857, 0.21428571, 0.28571429, 0.35714286, 0, 0.07142857, 0.14285714, 0.64285714, 0.71428571, 0.78571429,
	}
	require.InEpsilon(t, 1.0000000094736443e-08, gradcheck.RelError(want, got), 1e-6, "the error that the notebook prints")
}

// TestEmbeddingBackward checks the gradient three ways: on the inputs of the assignment's notebook, where 150 positions
// share five words, and for words that occur once, always or never.
func TestEmbeddingBackward(t *testing.T) {
	t.Parallel()
	s := rng.NewNumPy(231)
	for _, c := range []struct {
		name  string
		words *tensors.Tensor
		v, d  int
	}{
		{"the notebook's", arrays.RandInt(s, 5, 50, 3), 5, 6},
		{"one word again and again", tensors.FromValue([][]int32{{4, 4, 4}, {4, 4, 4}}), 7, 2},
		{"every word once", tensors.FromValue([][]int32{{2, 0, 1}}), 3, 5},
		{"one word", tensors.FromValue([][]int32{{0}}), 1, 1},
	} {
		w := arrays.Randn(s, c.v, c.d)
		dout := arrays.Randn(s, append(c.words.Shape().Dimensions, c.d)...)
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			forward := func(in []*Node) *Node {
				out, _ := temporal.EmbeddingForward(in[0], in[1])
				return out
			}
			gradtest.Check(t, gradcheck.Layer{
				Names: []string{"dW"}, Inputs: []*tensors.Tensor{c.words, w}, DOut: dout, Forward: forward,
				Backward: func(in []*Node, dout *Node) []*Node {
					_, cache := temporal.EmbeddingForward(in[0], in[1])
					return []*Node{temporal.EmbeddingBackward(dout, cache)}
				},
			}, 1e-7)
		})
	}
}

func TestAt(t *testing.T) {
	t.Parallel()
	got, err := CallOnceN(testbackend.Get(t), func(x *Node) []*Node {
		return []*Node{temporal.At(x, 0), temporal.At(x, 2)}
	}, [][][]float32{{{1, 2}, {3, 4}, {5, 6}}, {{7, 8}, {9, 10}, {11, 12}}})
	require.NoError(t, err)
	require.Equal(t, [][]float32{{1, 2}, {7, 8}}, got[0].Value())
	require.Equal(t, [][]float32{{5, 6}, {11, 12}}, got[1].Value())
}

func TestAffine(t *testing.T) {
	t.Parallel()
	for _, dims := range [][]int{{2, 3, 4}, {7, 5}, {1, 1, 1}, {2, 1, 3, 5}} {
		t.Run(fmt.Sprint(dims), func(t *testing.T) {
			t.Parallel()
			s := rng.NewNumPy(231)
			d, m := dims[len(dims)-1], 5
			forward := func(in []*Node) *Node {
				out, _ := temporal.AffineForward(in[0], in[1], in[2])
				return out
			}
			gradtest.Check(t, gradcheck.Layer{
				Names:   []string{"dx", "dw", "db"},
				Inputs:  []*tensors.Tensor{arrays.Randn(s, dims...), arrays.Randn(s, d, m), arrays.Randn(s, m)},
				DOut:    arrays.Randn(s, append(dims[:len(dims)-1:len(dims)-1], m)...),
				Forward: forward,
				Backward: func(in []*Node, dout *Node) []*Node {
					_, cache := temporal.AffineForward(in[0], in[1], in[2])
					dx, dw, db := temporal.AffineBackward(dout, cache)
					return []*Node{dx, dw, db}
				},
			}, 1e-8)
		})
	}
}

// mask is true where a uniform value of the stream passes.
func mask(s *rng.NumPy, pass func(u float64) bool, dims ...int) *tensors.Tensor {
	u := make([]float64, shapes.Make(dtypes.Bool, dims...).Size())
	s.Rand(u)
	m := make([]bool, len(u))
	for i := range u {
		m[i] = pass(u[i])
	}
	return tensors.FromFlatDataAndDimensions(m, dims...)
}

func loss(in []*Node) *Node {
	l, _ := temporal.SoftmaxLoss(in[0], in[1], in[2])
	return l
}

// TestSoftmaxLossPrinted compares with the losses that the notebook prints, with the state of the stream after the temporal
// affine check. Two agree in every digit. The first differs in the last bit, since NumPy sums in another order.
func TestSoftmaxLossPrinted(t *testing.T) {
	t.Parallel()
	s := rng.NewNumPy(231)
	s.Randn(make([]float64, 2*3*4+4*5+5+2*3*5))
	for _, c := range []struct {
		n, t, v int
		p       float64
		want    float64
		ulps    int
	}{
		{100, 1, 10, 1, 2.3027781774290146, 1},
		{100, 10, 10, 1, 23.025985953127226, 0},
		{5000, 10, 10, 0.1, 2.2643611790293394, 0},
	} {
		x := arrays.Randn(s, c.n, c.t, c.v)
		y := arrays.RandInt(s, c.v, c.n, c.t)
		m := mask(s, func(u float64) bool { return u <= c.p }, c.n, c.t)
		got, err := gradcheck.Eval(testbackend.Get(t), func(in []*Node) *Node {
			return loss([]*Node{MulScalar(in[0], 0.001), in[1], in[2]})
		}, x, y, m)
		require.NoError(t, err)
		require.InDelta(t, c.want, got[0], float64(c.ulps)*4.5e-16)
	}
}

// TestSoftmaxLoss checks the gradient three ways, with masks of all kinds.
func TestSoftmaxLoss(t *testing.T) {
	t.Parallel()
	for name, pass := range map[string]func(u float64) bool{
		"half":     func(u float64) bool { return u > 0.5 },
		"all":      func(float64) bool { return true },
		"nothing":  func(float64) bool { return false },
		"very few": func(u float64) bool { return u > 0.95 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := rng.NewNumPy(231)
			gradtest.Check(t, gradcheck.Layer{
				Names:   []string{"dx"},
				Inputs:  []*tensors.Tensor{arrays.Randn(s, 7, 8, 9), arrays.RandInt(s, 9, 7, 8), mask(s, pass, 7, 8)},
				Forward: loss,
				Backward: func(in []*Node, dout *Node) []*Node {
					_, dx := temporal.SoftmaxLoss(in[0], in[1], in[2])
					return []*Node{Mul(dx, dout)}
				},
			}, 1e-6)
		})
	}
}

// TestSoftmaxLossIsStable uses scores whose exponentials overflow.
func TestSoftmaxLossIsStable(t *testing.T) {
	t.Parallel()
	x := tensors.FromValue([][][]float64{{{1000, 0, -1000}, {1000, 1000, 1000}}})
	y := tensors.FromValue([][]int32{{2, 0}})
	all := tensors.FromValue([][]bool{{true, true}})
	got, err := gradcheck.Eval(testbackend.Get(t), loss, x, y, all)
	require.NoError(t, err)
	require.InDelta(t, 2000+1.0986122886681098, got[0], 1e-9)
}

// TestMaskedPositionsDoNotCount changes scores and words where the mask is false. The loss and the other gradients must not
// change.
func TestMaskedPositionsDoNotCount(t *testing.T) {
	t.Parallel()
	s := rng.NewNumPy(3)
	const n, steps, v = 3, 5, 7
	x := tensors.MustCopyFlatData[float64](arrays.Randn(s, n, steps, v))
	y := tensors.MustCopyFlatData[int32](arrays.RandInt(s, v, n, steps))
	counts := mask(s, func(u float64) bool { return u > 0.4 }, n, steps)
	evaluate := func() []float64 {
		got, err := gradcheck.Eval(testbackend.Get(t), func(in []*Node) *Node {
			l, dx := temporal.SoftmaxLoss(in[0], in[1], in[2])
			return Concatenate([]*Node{Reshape(l, 1), Reshape(dx, -1)}, 0)
		}, tensors.FromFlatDataAndDimensions(x, n, steps, v), tensors.FromFlatDataAndDimensions(y, n, steps), counts)
		require.NoError(t, err)
		return got
	}
	before := evaluate()
	for i, c := range tensors.MustCopyFlatData[bool](counts) {
		if !c {
			y[i] = (y[i] + 1) % v
			x[i*v] += 3
		}
	}
	require.Equal(t, before, evaluate())
}

func TestShapes(t *testing.T) {
	t.Parallel()
	lin := arrays.Linspace
	words, all := tensors.FromValue([][]int32{{0, 1, 2}, {0, 1, 2}}), tensors.FromValue([][]bool{{true, true, true}, {true, true, true}})
	embedding := func(in []*Node) *Node { out, _ := temporal.EmbeddingForward(in[0], in[1]); return out }
	affine := func(in []*Node) *Node { out, _ := temporal.AffineForward(in[0], in[1], in[2]); return out }
	for name, c := range map[string]struct {
		f       func(in []*Node) *Node
		inputs  []*tensors.Tensor
		wantErr string
	}{
		"words that are floats":     {embedding, []*tensors.Tensor{lin(0, 1, 2, 3), lin(0, 1, 5, 2)}, "want integers"},
		"vectors of another rank":   {embedding, []*tensors.Tensor{words, lin(0, 1, 5)}, "want integers and a (V, D) matrix"},
		"weights of other features": {affine, []*tensors.Tensor{lin(0, 1, 2, 3), lin(0, 1, 5, 2), lin(0, 1, 2)}, "nn: affine map of"},
		"a bias of another length":  {affine, []*tensors.Tensor{lin(0, 1, 2, 3), lin(0, 1, 3, 2), lin(0, 1, 3)}, "nn: affine map of"},
		"scores of another rank":    {loss, []*tensors.Tensor{lin(0, 1, 2, 3), words, all}, "want (N, T, V) floats"},
		"targets of another type":   {loss, []*tensors.Tensor{lin(0, 1, 2, 3, 5), lin(0, 1, 2, 3), all}, "(N, T) integers"},
		"a mask of numbers":         {loss, []*tensors.Tensor{lin(0, 1, 2, 3, 5), words, lin(0, 1, 2, 3)}, "bools"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := gradcheck.Eval(testbackend.Get(t), c.f, c.inputs...)
			require.ErrorContains(t, err, c.wantErr)
		})
	}
}
