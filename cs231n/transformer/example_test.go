package transformer_test

import (
	"fmt"
	"io"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/cs231n-go/assignment3/cs231n/device"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/transformer"
)

// A decoder layer takes two words and a memory of one vector, such as an image. The last LayerNorm gives every vector mean 0
// and variance 1.
func ExampleDecoderLayer_Forward() {
	backend, err := device.Open(device.Warn(io.Discard), device.InstalledOnly())
	if err != nil {
		panic(err)
	}
	defer backend.Finalize()

	layer := transformer.NewDecoderLayer(4, 2, 8, rng.NewTorch(231))
	words := [][][]float32{{{1, 2, 3, 4}, {4, 3, 2, 1}}}
	image := [][][]float32{{{5, 6, 7, 8}}}
	out, err := nn.Compute(backend, layer.Params(), []any{words, image}, func(p nn.Values, in []*Node) []*Node {
		causal := LowerTriangular(in[0].Graph(), 2)
		table := Const(in[0].Graph(), transformer.PositionTable(2, 4))
		x := transformer.PositionalEncoding(in[0], table, nil)
		y, weights := layer.Forward(p, x, in[1], causal, nil)
		return []*Node{ReduceMean(y, -1), ReduceMean(Square(y), -1), weights}
	})
	if err != nil {
		panic(err)
	}
	fmt.Printf("variance %.3f\n", out[1].Value())
	fmt.Println("the first word attends to", out[2].Value().([][][][]float32)[0][0][0])
	// Output:
	// variance [[1.000 1.000]]
	// the first word attends to [1 0]
}
