package transformer_test

import (
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/gradcheck"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/transformer"
)

// randn draws an array as torch.randn does.
func randn(stream *rng.Torch, dims ...int) *tensors.Tensor {
	size := 1
	for _, d := range dims {
		size *= d
	}
	values := make([]float32, size)
	stream.Normal(values, 0, 1)
	return tensors.FromFlatDataAndDimensions(values, dims...)
}

// linears draws the weights and biases of linear maps of width e, as PyTorch builds them.
func linears(stream *rng.Torch, n, e int) []*tensors.Tensor {
	var list []*tensors.Tensor
	for range n {
		weight, bias := make([]float32, e*e), make([]float32, e)
		stream.DefaultInit(weight, bias, e)
		list = append(list, tensors.FromFlatDataAndDimensions(weight, e, e), tensors.FromFlatDataAndDimensions(bias, e))
	}
	return list
}

// attention is a layer over parameters in PyTorch's order.
func attention(p []*Node, heads int) transformer.MultiHeadAttention {
	linear := func(i int) transformer.Linear { return transformer.Linear{Weight: p[2*i], Bias: p[2*i+1]} }
	return transformer.MultiHeadAttention{Key: linear(0), Query: linear(1), Value: linear(2), Proj: linear(3), Heads: heads}
}

// TestPrinted compares attention with the tables of the assignment's notebook: the errors are those that it
// prints, with dropout's masks from PyTorch's stream.
func TestPrinted(t *testing.T) {
	t.Parallel()
	const n, steps, e, heads = 1, 3, 8, 2
	stream := rng.NewTorch(231)
	params := linears(stream, 4, e)
	data := randn(stream, n, steps, e)
	self := draw(stream, 1)
	drawn := tensors.MustCopyFlatData[float32](randn(stream, steps, steps))
	mask := make([]bool, len(drawn))
	for i, v := range drawn {
		mask[i] = v < 0.5
	}
	masked := draw(stream, 1)
	other := randn(stream, n, steps, e)
	two := draw(stream, 1)

	for name, c := range map[string]struct {
		key     *tensors.Tensor
		mask    []bool
		seeds   []uint32
		want    []float64
		printed float64
		within  float64 // relative
	}{
		"self": {data, nil, self, []float64{
			-0.2494, 0.1396, 0.4323, -0.2411, -0.1547, 0.2329, -0.1936, -0.1444,
			-0.1997, 0.1746, 0.7377, -0.3549, -0.2657, 0.2693, -0.2541, -0.2476,
			-0.0625, 0.1503, 0.7572, -0.3974, -0.1681, 0.2168, -0.2478, -0.3038,
		}, 0.0003775124598178026, 1e-9},
		"masked": {data, mask, masked, []float64{
			-0.1347, 0.1934, 0.8628, -0.4903, -0.2614, 0.2798, -0.2586, -0.3019,
			-0.1013, 0.3111, 0.5783, -0.3248, -0.3842, 0.1482, -0.3628, -0.1496,
			-0.2071, 0.1669, 0.7097, -0.3152, -0.3136, 0.2520, -0.2774, -0.2208,
		}, 0.0001526367643724865, 1e-9},
		"two inputs": {other, nil, two, []float64{
			-0.1980, 0.4083, 0.1968, -0.3477, 0.0321, 0.4258, -0.8972, -0.2744,
			-0.1603, 0.4155, 0.2295, -0.3485, -0.0341, 0.3929, -0.8248, -0.2767,
			-0.0908, 0.4113, 0.3017, -0.3539, -0.1020, 0.3784, -0.7189, -0.2912,
		}, 0.0003527921483788199, 2e-3}, // one float32 rounding in 2022's matrix product is another
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inputs := append([]*tensors.Tensor{data, c.key, tensors.FromValue(c.seeds)}, params...)
			for i := range inputs { // tests share them
				clone, err := inputs[i].LocalClone()
				require.NoError(t, err)
				inputs[i] = clone
			}
			got, err := gradcheck.Eval(testbackend.Get(t), func(in []*Node) *Node {
				var mask *Node
				if c.mask != nil {
					mask = Reshape(Const(in[0].Graph(), c.mask), steps, steps)
				}
				out, _ := attention(in[3:], heads).Forward(in[0], in[1], in[1], mask, transformer.Seeded(0.1, in[2]))
				return out
			}, inputs...)
			require.NoError(t, err)
			require.InEpsilon(t, c.printed, gradcheck.RelError(c.want, got), c.within)
		})
	}
}

// TestPositionPrinted compares the positional encoding with the table of the notebook.
func TestPositionPrinted(t *testing.T) {
	t.Parallel()
	stream := rng.NewTorch(231)
	data, seeds := randn(stream, 1, 2, 6), draw(stream, 1)
	got, err := gradcheck.Eval(testbackend.Get(t), func(in []*Node) *Node {
		table := Const(in[0].Graph(), transformer.PositionTable(5000, 6))
		return transformer.PositionalEncoding(in[0], table, transformer.Seeded(0.1, in[1]))
	}, data, tensors.FromValue(seeds))
	require.NoError(t, err)
	want := []float64{-1.2340, 1.1127, 1.6978, -0.0865, -0.0000, 1.2728, 0.9028, -0.4781, 0.5535, 0.8133, 1.2644, 1.7034}
	require.InEpsilon(t, 0.00010421011374914356, gradcheck.RelError(want, got), 1e-9)
}

// TestBackward checks attention's gradient three ways: self-attention, masked and with two inputs of different
// length, with and without dropout.
func TestBackward(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name          string
		n, s, t, e, h int
		mask, drop    bool
	}{
		{"two inputs", 2, 3, 5, 8, 2, false, false},
		{"masked", 2, 5, 5, 6, 3, true, false},
		{"masked, with dropout", 1, 5, 5, 6, 3, true, true},
		{"one key", 2, 3, 1, 4, 2, false, true},
		{"one head", 1, 2, 3, 4, 1, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := rng.NewNumPy(231)
			randn := func(dims ...int) *tensors.Tensor { return gradcheck.Randn(r, dims...) }
			layer := gradcheck.Layer{
				Names:  []string{"dquery", "dkey", "dvalue"},
				Inputs: []*tensors.Tensor{randn(c.n, c.s, c.e), randn(c.n, c.t, c.e), randn(c.n, c.t, c.e)},
			}
			for _, name := range []string{"key", "query", "value", "proj"} {
				layer.Names = append(layer.Names, "d"+name+" weight", "d"+name+" bias")
				layer.Inputs = append(layer.Inputs, randn(c.e, c.e), randn(c.e))
			}
			layer.DOut = randn(c.n, c.s, c.e)
			var mask, factors func(like *Node) *Node
			none := func(*Node) *Node { return nil }
			mask, factors = none, none
			if c.mask {
				mask = func(like *Node) *Node { return LowerTriangular(like.Graph(), c.s) }
			}
			if c.drop {
				kept := make([]float64, c.n*c.h*c.s*c.t)
				for i := range kept {
					kept[i] = float64(min(i%4, 1)) / 0.75
				}
				factors = func(like *Node) *Node {
					return Const(like.Graph(), tensors.FromFlatDataAndDimensions(kept, c.n, c.h, c.s, c.t))
				}
			}
			layer.Forward = func(in []*Node) *Node {
				var drop transformer.Dropout
				if f := factors(in[0]); f != nil {
					drop = func(x *Node) *Node { return Mul(x, f) }
				}
				out, _ := attention(in[3:], c.h).Forward(in[0], in[1], in[2], mask(in[0]), drop)
				return out
			}
			layer.Backward = func(in []*Node, dout *Node) []*Node {
				dq, dk, dv, dparams := attention(in[3:], c.h).Backward(dout, in[0], in[1], in[2], mask(in[0]), factors(in[0]))
				return append([]*Node{dq, dk, dv}, dparams...)
			}
			report, err := layer.Check(testbackend.Get(t))
			require.NoError(t, err)
			for i, e := range report {
				// A bias of the keys moves all scores of a query alike, so it has no gradient: what is left is rounding.
				if layer.Names[i] == "dkey bias" {
					continue
				}
				require.Less(t, e.Numeric, 1e-5, e.Name)
				require.Less(t, e.Autodiff, 1e-5, e.Name) // where a query sees one key, the gradient is 0 but for rounding
			}
		})
	}
}

func TestAttentionRefuses(t *testing.T) {
	t.Parallel()
	zeros := func(dims ...int) *tensors.Tensor { return gradcheck.Linspace(0, 0, dims...) }
	for name, c := range map[string]struct {
		heads int
		mask  []int
		query []int
		says  string
	}{
		"heads that do not divide": {3, nil, []int{2, 5, 8}, "3 heads do not divide the embedding of 8"},
		"a mask of another shape":  {2, []int{5, 4}, []int{2, 5, 8}, "want (5, 7) bools"},
		"another batch":            {2, nil, []int{3, 5, 8}, "want (N, S, E)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := gradcheck.Eval(testbackend.Get(t), func(in []*Node) *Node {
				var mask *Node
				if c.mask != nil {
					mask = GreaterThan(Ones(in[0].Graph(), shapes.Make(dtypes.Float64, c.mask...)), ScalarZero(in[0].Graph(), dtypes.Float64))
				}
				p := []*Node{in[2], in[3], in[2], in[3], in[2], in[3], in[2], in[3]}
				out, _ := attention(p, c.heads).Forward(in[0], in[1], in[1], mask, nil)
				return out
			}, zeros(c.query...), zeros(2, 7, 8), zeros(8, 8), zeros(8))
			require.ErrorContains(t, err, c.says)
		})
	}
}
