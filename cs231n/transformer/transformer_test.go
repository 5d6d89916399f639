package transformer_test

import (
	"fmt"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/arrays"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/transformer"
)

// Sizes of the decoder in these tests: batch, positions, positions of the memory, embedding, heads, width, layers.
const n, length, memories, e, heads, width, layers = 3, 7, 5, 22, 11, 13, 2

// decoder returns a decoder with random float64 parameters, those of LayerNorm included.
func decoder(t *testing.T, stream *rng.NumPy) (transformer.Decoder, []*nn.Param) {
	t.Helper()
	var d transformer.Decoder
	var params []*nn.Param
	for range layers {
		layer := transformer.NewDecoderLayer(e, heads, width, nil)
		d, params = append(d, layer), append(params, layer.Params()...)
	}
	nn.Double(params)
	for _, p := range params {
		require.NoError(t, p.SetValue(arrays.Randn(stream, p.Shape().Dimensions...)))
	}
	return d, params
}

// requireClose compares shapes and values in double precision.
func requireClose(t *testing.T, want, got *tensors.Tensor, what string) {
	t.Helper()
	require.Equal(t, want.Shape(), got.Shape(), what)
	require.InDeltaSlice(t, tensors.MustCopyFlatData[float64](want), tensors.MustCopyFlatData[float64](got), 1e-12, what)
}

// TestForward compares the decoder with its formula, built from the layers, with dropout at the same positions.
func TestForward(t *testing.T) {
	t.Parallel()
	stream := rng.NewNumPy(7)
	d, params := decoder(t, stream)
	seeds := make([]uint32, 6*layers)
	rng.NewTorch(231).DropoutSeeds(seeds)
	inputs := []any{arrays.Randn(stream, n, length, e), arrays.Randn(stream, n, memories, e), seeds}
	out, err := nn.Compute(testbackend.Get(t), params, inputs, func(p nn.Values, in []*Node) []*Node {
		x, memory, mask := in[0], in[1], LowerTriangular(in[0].Graph(), length)
		got, weights := d.Forward(p, x, memory, mask, nn.SeededDropout(0.3, in[2]))

		drop := nn.SeededDropout(0.3, in[2])
		var want []*Node
		for _, l := range d {
			y, w, _ := l.SelfAttn.Forward(p, x, x, x, mask, drop)
			x = p.Apply(l.Norm1, Add(x, drop.Apply(y)))
			y, _, _ = l.MultiheadAttn.Forward(p, x, memory, memory, nil, drop)
			x = p.Apply(l.Norm2, Add(x, drop.Apply(y)))
			hidden := drop.Apply(Max(p.Apply(l.Linear1, x), ZerosLike(p.Apply(l.Linear1, x))))
			x = p.Apply(l.Norm3, Add(x, drop.Apply(p.Apply(l.Linear2, hidden))))
			want = append(want, w)
		}
		return append(append([]*Node{got, x}, weights...), want...)
	})
	require.NoError(t, err)
	requireClose(t, out[1], out[0], "output")
	for i := range layers {
		requireClose(t, out[2+layers+i], out[2+i], fmt.Sprintf("weights of layer %d", i))
	}
}

// TestMasks counts the calls of dropout.
func TestMasks(t *testing.T) {
	t.Parallel()
	stream := rng.NewNumPy(1)
	d, params := decoder(t, stream)
	for depth := range layers + 1 {
		calls := 0
		drop := nn.Dropout(func(x *Node) (*Node, func(*Node) *Node) {
			calls++
			return x, func(dy *Node) *Node { return dy }
		})
		inputs := []any{arrays.Randn(stream, n, length, e), arrays.Randn(stream, n, 1, e)}
		_, err := nn.Compute(testbackend.Get(t), params, inputs, func(p nn.Values, in []*Node) []*Node {
			x := transformer.PositionalEncoding(in[0], Const(in[0].Graph(), transformer.PositionTable(length, e)), drop)
			y, _ := d[:depth].Forward(p, x, in[1], nil, drop)
			return []*Node{y}
		})
		require.NoError(t, err)
		require.Equal(t, calls, transformer.Masks(depth), "%d layers", depth)
	}
}

// TestParams checks names and order, which are PyTorch's, and the order of the draws.
func TestParams(t *testing.T) {
	t.Parallel()
	layer := transformer.NewDecoderLayer(6, 3, 5, rng.NewTorch(231))
	type entry struct {
		name string
		dims []int
	}
	var want []entry
	for _, attention := range []string{"self_attn", "multihead_attn"} {
		for _, linear := range []string{"key", "query", "value", "proj"} {
			want = append(want, entry{attention + "/" + linear + "/weight", []int{6, 6}}, entry{attention + "/" + linear + "/bias", []int{6}})
		}
	}
	want = append(want, entry{"linear1/weight", []int{5, 6}}, entry{"linear1/bias", []int{5}})
	want = append(want, entry{"linear2/weight", []int{6, 5}}, entry{"linear2/bias", []int{6}})
	for _, norm := range []string{"norm1", "norm2", "norm3"} {
		want = append(want, entry{norm + "/weight", []int{6}}, entry{norm + "/bias", []int{6}})
	}
	var got []entry
	for _, p := range layer.Params() {
		got = append(got, entry{p.Name, p.Shape().Dimensions})
	}
	require.Equal(t, want, got)

	stream := rng.NewTorch(231)
	for i := range 10 { // the Linear layers; LayerNorm draws nothing
		params := layer.Params()[2*i : 2*i+2]
		weight, bias := make([]float32, params[0].Shape().Size()), make([]float32, params[1].Shape().Size())
		stream.DefaultInit(weight, bias, params[0].Shape().Dimensions[1])
		require.Equal(t, weight, tensors.MustCopyFlatData[float32](params[0].Value), params[0].Name)
		require.Equal(t, bias, tensors.MustCopyFlatData[float32](params[1].Value), params[1].Name)
	}
}
