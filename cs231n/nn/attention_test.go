package nn_test

import (
	"math"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/gradcheck"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// attentionCase is an entry of attention.json. Only some cases have a mask, or dropout with its seed, rate and factors.
type attentionCase struct {
	Heads                int
	Mask, Factors        *array[float64]
	Seed                 uint32
	Rate                 float64
	Query, Key, Value    array[float64]
	Params               []array[float64]
	Weights, Out, DOut   array[float64]
	DQuery, DKey, DValue array[float64]
	DParams              []array[float64]
}

// TestAttention compares attention with PyTorch: output, weights and all gradients, those of AttentionBackward and those
// that GoMLX derives. It tests dropout with given factors and with the seed that produces them.
func TestAttention(t *testing.T) {
	t.Parallel()
	cases := golden[map[string]attentionCase](t, "attention.json")
	require.Len(t, cases, 5)
	for name, c := range cases {
		drops := map[string]func(g *Graph) nn.Dropout{"no dropout": func(*Graph) nn.Dropout { return nil }}
		if c.Factors != nil {
			drops = map[string]func(g *Graph) nn.Dropout{
				"factors": func(g *Graph) nn.Dropout {
					scale := func(x *Node) *Node { return Mul(x, ConstTensor(g, c.Factors.tensor())) }
					return func(x *Node) (*Node, func(*Node) *Node) { return scale(x), scale }
				},
				"seed": func(g *Graph) nn.Dropout { return nn.SeededDropout(c.Rate, Const(g, []uint32{c.Seed})) },
			}
		}
		for kind, drop := range drops {
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				a := nn.MultiHeadAttention(c.Query.Shape[2], c.Heads, nil)
				var values []*tensors.Tensor
				names := []string{"out", "weights", "dquery", "dkey", "dvalue"}
				want := []array[float64]{c.Out, c.Weights, c.DQuery, c.DKey, c.DValue}
				for i, p := range a.Params() {
					values = append(values, c.Params[i].tensor())
					names, want = append(names, "d"+p.Name), append(want, c.DParams[i])
				}
				set(t, a.Params(), values...)
				inputs := []any{c.Query.tensor(), c.Key.tensor(), c.Value.tensor(), c.DOut.tensor()}
				got, err := nn.Compute(testbackend.Get(t), a.Params(), inputs, func(p nn.Values, in []*Node) []*Node {
					var mask *Node
					if c.Mask != nil {
						mask = ConvertDType(ConstTensor(in[0].Graph(), c.Mask.tensor()), dtypes.Bool)
					}
					out, weights, back := a.Forward(p, in[0], in[1], in[2], mask, drop(in[0].Graph()))
					dq, dk, dv, dparams := back(in[3])
					all := append([]*Node{out, weights, dq, dk, dv}, dparams...)
					return append(all, derived(out, in[3], append(in[:3:3], p.Of(a.Params())...)...)...)
				})
				require.NoError(t, err)
				for i, name := range names {
					requireClose(t, want[i].tensor(), got[i], 1e-12, 1e-13, name)
					if i >= 2 {
						requireClose(t, want[i].tensor(), got[len(names)+i-2], 1e-12, 1e-13, "GoMLX's "+name)
					}
				}
			})
		}
	}
}

// TestAttentionParams checks names, order and sharing.
func TestAttentionParams(t *testing.T) {
	t.Parallel()
	a := nn.MultiHeadAttention(6, 3, rng.NewTorch(231))
	var names []string
	for i, p := range a.Params() {
		names = append(names, p.Name)
		layer := []nn.Layer{a.Key, a.Query, a.Value, a.Proj}[i/2]
		require.Same(t, layer.Params()[i%2], p)
	}
	require.Equal(t, []string{"key/weight", "key/bias", "query/weight", "query/bias", "value/weight", "value/bias", "proj/weight", "proj/bias"}, names)
	require.Equal(t, 3, a.Heads)
	require.Equal(t, 4*(6*6+6), nn.CountParams(a))
}

// TestMaskWithoutKey masks all keys of one query. Only its output is NaN.
func TestMaskWithoutKey(t *testing.T) {
	t.Parallel()
	const n, s, keys, e, heads = 2, 3, 5, 14, 2
	stream := rng.NewNumPy(5)
	a := nn.MultiHeadAttention(e, heads, nil)
	randomize(t, a.Params(), stream)
	inputs := []any{normals(stream, n, s, e), normals(stream, n, keys, e), normals(stream, n, keys, e)}
	got, err := nn.Compute(testbackend.Get(t), a.Params(), inputs, func(p nn.Values, in []*Node) []*Node {
		var outs []*Node
		for _, second := range []bool{true, false} {
			mask := Const(in[0].Graph(), [][]bool{{true, false, true, true, false}, {false, false, second, false, false}, {true, true, true, true, true}})
			out, weights, _ := a.Forward(p, in[0], in[1], in[2], mask, nil)
			outs = append(outs, out, weights)
		}
		return outs
	})
	require.NoError(t, err)
	all, lacking := floats(got[0]), floats(got[2])
	for i := range all {
		if i/e%s == 1 {
			require.True(t, math.IsNaN(lacking[i]), "value %d", i)
			require.False(t, math.IsNaN(all[i]), "value %d", i)
		} else {
			require.Equal(t, all[i], lacking[i], "value %d", i)
		}
	}
	weights := got[1].Value().([][][][]float64)
	require.Equal(t, []float64{0, 0, 1, 0, 0}, weights[1][1][1], "a query that sees one key")
	require.Zero(t, weights[0][1][0][1], "a key that the mask hides")
}

// TestOneKeyWithMask masks a single key, which the shortcut for one key would ignore.
func TestOneKeyWithMask(t *testing.T) {
	t.Parallel()
	const e = 3
	a := nn.MultiHeadAttention(e, 1, rng.NewTorch(1))
	inputs := []any{randn(rng.NewTorch(2), 1, 2, e), randn(rng.NewTorch(3), 1, 1, e)}
	out, err := nn.Compute(testbackend.Get(t), a.Params(), inputs, func(p nn.Values, in []*Node) []*Node {
		_, weights, _ := a.Forward(p, in[0], in[1], in[1], Const(in[0].Graph(), [][]bool{{true}, {false}}), nil)
		return []*Node{weights}
	})
	require.NoError(t, err)
	weights := floats(out[0])
	require.Equal(t, 1.0, weights[0])
	require.True(t, math.IsNaN(weights[1]))
}

func TestAttentionRefuses(t *testing.T) {
	t.Parallel()
	query, key := []int{2, 5, 8}, []int{2, 7, 8}
	for name, c := range map[string]struct {
		heads             int
		mask              []int
		query, key, value []int
		wantErr           string
	}{
		"heads that do not divide":   {3, nil, query, key, key, "nn: 3 heads do not divide the embedding of 8"},
		"no heads":                   {0, nil, query, key, key, "nn: 0 heads do not divide the embedding of 8"},
		"a mask with too few keys":   {2, []int{5, 4}, query, key, key, "nn: the attention mask is (Bool)[5, 4], want (5, 7) bools, queries by keys"},
		"a transposed mask":          {2, []int{7, 5}, query, key, key, "want (5, 7) bools"},
		"another batch":              {2, nil, []int{3, 5, 8}, key, key, "nn: attention of query (Float32)[3, 5, 8], key (Float32)[2, 7, 8], value"},
		"a value for no key":         {2, nil, query, key, []int{2, 6, 8}, "want (N, S, E), (N, T, E), (N, T, E)"},
		"a query of rank 2":          {2, nil, []int{2, 8}, key, key, "want (N, S, E)"},
		"keys of rank 4":             {2, nil, query, []int{2, 7, 1, 8}, []int{2, 7, 1, 8}, "want (N, S, E)"},
		"keys of another embedding":  {2, nil, query, []int{2, 7, 6}, []int{2, 7, 6}, "the input has 6 features"},
		"as many heads as embedding": {8, nil, query, key, key, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := nn.MultiHeadAttention(8, c.heads, nil)
			var inputs []any
			for _, dims := range [][]int{c.query, c.key, c.value} {
				inputs = append(inputs, tensors.FromShape(shapes.Make(dtypes.Float32, dims...)))
			}
			_, err := nn.Compute(testbackend.Get(t), a.Params(), inputs, func(p nn.Values, in []*Node) []*Node {
				var mask *Node
				if c.mask != nil {
					mask = ConvertDType(Ones(in[0].Graph(), shapes.Make(dtypes.Float32, c.mask...)), dtypes.Bool)
				}
				out, _, _ := a.Forward(p, in[0], in[1], in[2], mask, nil)
				return []*Node{out}
			})
			if c.wantErr == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.wantErr)
			require.NotContains(t, err.Error(), "\n")
		})
	}
}

// randn draws an array as torch.randn does.
func randn(stream *rng.Torch, dims ...int) *tensors.Tensor {
	values := make([]float32, shapes.Make(dtypes.Float32, dims...).Size())
	stream.Normal(values, 0, 1)
	return tensors.FromFlatDataAndDimensions(values, dims...)
}

// draw draws the seeds of dropout masks.
func draw(stream *rng.Torch, n int) []uint32 {
	seeds := make([]uint32, n)
	stream.DropoutSeeds(seeds)
	return seeds
}

// TestPrinted compares attention with the values in the assignment's notebook. The dropout masks come from PyTorch's
// stream, and the errors are those that the notebook prints.
func TestPrinted(t *testing.T) {
	t.Parallel()
	const n, steps, e, heads = 1, 3, 8, 2
	stream := rng.NewTorch(231)
	a := nn.MultiHeadAttention(e, heads, stream)
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

	for _, c := range []struct {
		name    string
		key     *tensors.Tensor
		mask    []bool
		seeds   []uint32
		want    []float64
		printed float64
		within  float64 // relative
	}{
		{"self", data, nil, self, []float64{
			-0.2494, 0.1396, 0.4323, -0.2411, -0.1547, 0.2329, -0.1936, -0.1444,
			-0.1997, 0.1746, 0.7377, -0.3549, -0.2657, 0.2693, -0.2541, -0.2476,
			-0.0625, 0.1503, 0.7572, -0.3974, -0.1681, 0.2168, -0.2478, -0.3038,
		}, 0.0003775124598178026, 1e-9},
		{"masked", data, mask, masked, []float64{
			-0.1347, 0.1934, 0.8628, -0.4903, -0.2614, 0.2798, -0.2586, -0.3019,
			-0.1013, 0.3111, 0.5783, -0.3248, -0.3842, 0.1482, -0.3628, -0.1496,
			-0.2071, 0.1669, 0.7097, -0.3152, -0.3136, 0.2520, -0.2774, -0.2208,
		}, 0.0001526367643724865, 1e-9},
		{"two inputs", other, nil, two, []float64{
			-0.1980, 0.4083, 0.1968, -0.3477, 0.0321, 0.4258, -0.8972, -0.2744,
			-0.1603, 0.4155, 0.2295, -0.3485, -0.0341, 0.3929, -0.8248, -0.2767,
			-0.0908, 0.4113, 0.3017, -0.3539, -0.1020, 0.3784, -0.7189, -0.2912,
		}, 0.0003527921483788199, 2e-3}, // the matrix product of 2022 rounds differently
	} {
		// The cases share tensors, so they run one after the other.
		out, err := nn.Compute(testbackend.Get(t), a.Params(), []any{data, c.key, c.seeds}, func(p nn.Values, in []*Node) []*Node {
			var mask *Node
			if c.mask != nil {
				mask = Reshape(Const(in[0].Graph(), c.mask), steps, steps)
			}
			out, _, _ := a.Forward(p, in[0], in[1], in[1], mask, nn.SeededDropout(0.1, in[2]))
			return []*Node{out}
		})
		require.NoError(t, err, c.name)
		require.InEpsilon(t, c.printed, gradcheck.RelError(c.want, floats(out[0])), c.within, c.name)
	}
}

// TestAttentionCall compares Call with Forward: with and without a mask, with and without dropout from a stream.
func TestAttentionCall(t *testing.T) {
	t.Parallel()
	backend := testbackend.Get(t)
	stream := rng.NewTorch(3)
	a := nn.MultiHeadAttention(4, 2, stream)
	x, y := tensors.FromFlatDataAndDimensions(gaussians(stream, 8), 1, 2, 4), tensors.FromFlatDataAndDimensions(gaussians(stream, 12), 1, 3, 4)
	for name, c := range map[string]struct {
		mask   *tensors.Tensor
		stream *rng.Torch
	}{
		"plain":            {},
		"mask":             {mask: tensors.FromValue([][]bool{{true, false, true}, {false, true, true}})},
		"dropout":          {stream: rng.NewTorch(5)},
		"mask and dropout": {tensors.FromValue([][]bool{{true, false, true}, {false, true, true}}), rng.NewTorch(5)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seeds := make([]uint32, 1)
			rng.NewTorch(5).DropoutSeeds(seeds)
			want, err := nn.Compute(backend, a.Params(), []any{x, y}, func(p nn.Values, in []*Node) []*Node {
				var mask *Node
				var drop nn.Dropout
				if c.mask != nil {
					mask = ConstTensor(in[0].Graph(), c.mask)
				}
				if c.stream != nil {
					drop = nn.SeededDropout(0.5, Const(in[0].Graph(), seeds))
				}
				out, _, _ := a.Forward(p, in[0], in[1], in[1], mask, drop)
				return []*Node{out}
			})
			require.NoError(t, err)
			for range 2 { // without a stream the second call is the same
				got, err := a.Call(backend, x, y, y, c.mask, 0.5, c.stream)
				require.NoError(t, err)
				requireClose(t, want[0], got, 1e-6, 1e-7, name)
				if c.stream != nil {
					break
				}
			}
		})
	}
	_, err := a.Call(backend, y, x, y, nil, 0, nil)
	require.Error(t, err)
}

// gaussians draws standard normals.
func gaussians(stream *rng.Torch, n int) []float32 {
	values := make([]float32, n)
	stream.Normal(values, 0, 1)
	return values
}
