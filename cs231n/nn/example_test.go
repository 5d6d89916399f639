package nn_test

import (
	"fmt"
	"io"
	"sync"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/cs231n-go/assignment3/cs231n/device"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// backend returns XLA, opened once for all examples.
var backend = sync.OnceValue(func() compute.Backend {
	return must(device.Open(device.Warn(io.Discard), device.InstalledOnly()))
})

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// call runs a layer on x with its current parameters.
func call(layer nn.Layer, x any) any {
	return must(nn.Sequential(layer).Call(backend(), must(tensors.FromAnyValue(x)))).Value()
}

// assign sets a parameter.
func assign(p *nn.Param, value any) {
	if err := p.SetValue(must(tensors.FromAnyValue(value))); err != nil {
		panic(err)
	}
}

// Three numbers become two: each is a weighted sum plus a bias.
func ExampleLinear() {
	layer := nn.Linear(3, 2, nil)
	assign(layer.Params()[0], [][]float32{{1, 10, 100}, {0, 1, 0}})
	assign(layer.Params()[1], []float32{0.5, -1})
	fmt.Println(call(layer, [][]float32{{1, 2, 3}, {4, 5, 6}}))
	// Output: [[321.5 1] [654.5 4]]
}

// A 3×3 kernel with a single 1 in its center cuts off the border.
func ExampleConv2d() {
	layer := nn.Conv2d(1, 1, 3, nil)
	assign(layer.Params()[0], [][][][]float32{{{{0, 0, 0}, {0, 1, 0}, {0, 0, 0}}}})
	image := [][][][]float32{{
		{{1}, {2}, {3}, {4}},
		{{5}, {6}, {7}, {8}},
		{{9}, {10}, {11}, {12}},
	}}
	fmt.Println(call(layer, image))
	// Output: [[[[6] [7]]]]
}

// A 2×2 kernel of ones with stride 2 adds up blocks of four pixels.
func ExampleStride() {
	layer := nn.Conv2d(1, 1, 2, nil, nn.Stride(2))
	assign(layer.Params()[0], [][][][]float32{{{{1, 1}, {1, 1}}}})
	image := [][][][]float32{{
		{{1}, {2}, {30}, {40}},
		{{3}, {4}, {50}, {60}},
	}}
	fmt.Println(call(layer, image))
	// Output: [[[[10] [180]]]]
}

// With padding 1 a 3×3 kernel keeps the size of an image.
func ExamplePadding() {
	layer := nn.Conv2d(1, 1, 3, nil, nn.Padding(1))
	assign(layer.Params()[0], [][][][]float32{{{{0, 0, 0}, {1, 1, 1}, {0, 0, 0}}}})
	fmt.Println(call(layer, [][][][]float32{{{{1}, {2}, {3}}}}))
	// Output: [[[[3] [6] [5]]]]
}

// An image of one pixel becomes one of 2×2, the middle of the kernel.
func ExampleConvTranspose2d() {
	layer := nn.ConvTranspose2d(1, 1, 4, nil)
	assign(layer.Params()[0], [][][][]float32{{{{1, 2, 3, 4}, {5, 6, 7, 8}, {9, 10, 11, 12}, {13, 14, 15, 16}}}})
	fmt.Println(call(layer, [][][][]float32{{{{10}}}}))
	// Output: [[[[60] [70]] [[100] [110]]]]
}

func ExampleMaxPool2d() {
	image := [][][][]float32{{
		{{1}, {7}, {2}, {0}},
		{{3}, {5}, {8}, {4}},
	}}
	fmt.Println(call(nn.MaxPool2d(), image))
	// Output: [[[[7] [8]]]]
}

// Every column gets mean 0 and variance 1.
func ExampleBatchNorm() {
	fmt.Printf("%.2f\n", call(nn.BatchNorm(2), [][]float32{{1, 20}, {3, 40}, {5, 60}}))
	// Output: [[-1.22 -1.22] [0.00 0.00] [1.22 1.22]]
}

// Every row gets mean 0 and variance 1.
func ExampleLayerNorm() {
	fmt.Printf("%.2f\n", call(nn.LayerNorm(3), [][]float32{{1, 3, 5}, {20, 60, 40}}))
	// Output: [[-1.22 0.00 1.22] [-1.22 1.22 0.00]]
}

// The first two and the last two numbers of a row get mean 0 and variance 1.
func ExampleGroupNorm() {
	fmt.Printf("%.2f\n", call(nn.GroupNorm(2, 4), [][]float32{{1, 3, 200, 100}}))
	// Output: [[-1.00 1.00 1.00 -1.00]]
}

func ExampleEmbedding() {
	table := nn.Embedding(3, 2, nil)
	assign(table.Params()[0], [][]float32{{1, 10}, {2, 20}, {3, 30}})
	fmt.Println(call(table, []int32{2, 0}))
	// Output: [[3 30] [1 10]]
}

func ExampleSiLU() {
	fmt.Printf("%.3f\n", call(nn.SiLU(), []float32{-10, 0, 1}))
	// Output: [-0.000 0.000 0.731]
}

func ExampleReLU() {
	fmt.Println(call(nn.ReLU(), []float32{-2, 0, 3}))
	// Output: [0 0 3]
}

func ExampleLeakyReLU() {
	fmt.Println(call(nn.LeakyReLU(0.25), []float32{-2, 0, 3}))
	// Output: [-0.5 0 3]
}

func ExampleTanH() {
	fmt.Printf("%.3f\n", call(nn.TanH(), []float32{-100, 0, 0.5}))
	// Output: [-1.000 0.000 0.462]
}

// The row has the first channel of all pixels, then the second one.
func ExampleFlatten() {
	image := [][][][]float32{{{{1, 10}, {2, 20}}, {{3, 30}, {4, 40}}}} // two channels
	fmt.Println(call(nn.Flatten(), image))
	// Output: [[1 2 3 4 10 20 30 40]]
}

func ExampleUnflatten() {
	fmt.Println(call(nn.Unflatten(2, 1, 3), [][]float32{{1, 2, 3, 10, 20, 30}}))
	// Output: [[[[1 10] [2 20] [3 30]]]]
}

// Half of the values become 0 and the others twice as large. Each seed makes a different mask.
func ExampleSeededDropout() {
	seeds := make([]uint32, 2)
	rng.NewTorch(231).DropoutSeeds(seeds)
	out := must(nn.Compute(backend(), nil, []any{[]float32{1, 2, 3, 4, 5, 6}, seeds}, func(_ nn.Values, in []*Node) []*Node {
		drop := nn.SeededDropout(0.5, in[1])
		return []*Node{drop.Apply(in[0]), drop.Apply(in[0])}
	}))
	fmt.Println(out[0].Value())
	fmt.Println(out[1].Value())
	// Output:
	// [0 4 6 8 0 12]
	// [2 0 0 0 0 12]
}

// Three words attend to themselves and to the words before them.
func ExampleMultiHeadAttention() {
	attention := nn.MultiHeadAttention(4, 2, rng.NewTorch(231))
	words := [][][]float32{{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}}
	out := must(nn.Compute(backend(), attention.Params(), []any{words}, func(p nn.Values, in []*Node) []*Node {
		x := in[0]
		y, weights, _ := attention.Forward(p, x, x, x, LowerTriangular(x.Graph(), 3), nil)
		return []*Node{y, weights}
	}))
	fmt.Println(out[0].Shape().Dimensions)
	fmt.Printf("%.2f\n", out[1].Value().([][][][]float32)[0][0]) // of the first head
	// Output:
	// [1 3 4]
	// [[1.00 0.00 0.00] [0.50 0.50 0.00] [0.35 0.33 0.31]]
}

// A classifier for images of 28×28 pixels.
func ExampleSequential() {
	stream := rng.NewTorch(231)
	net := nn.Sequential(
		nn.Conv2d(1, 4, 5, stream), nn.ReLU(), nn.MaxPool2d(),
		nn.Flatten(),
		nn.Linear(4*12*12, 10, stream),
	)
	for _, p := range net.Params() {
		fmt.Println(p.Name, p.Shape().Dimensions)
	}
	images := tensors.FromFlatDataAndDimensions(make([]float32, 7*28*28), 7, 28, 28, 1)
	fmt.Println(must(net.Call(backend(), images)).Shape().Dimensions)
	// Output:
	// 0/weight [4 1 5 5]
	// 0/bias [4]
	// 4/weight [10 576]
	// 4/bias [10]
	// [7 10]
}

// The weights of 2 inputs and 4 outputs are between −1 and 1, since √(6/(2+4)) = 1.
func ExampleXavierUniform() {
	stream := rng.NewTorch(231)
	net := nn.Sequential(nn.Linear(2, 4, stream))
	nn.XavierUniform(net, stream)
	fmt.Printf("%.3f\n", net.Params()[0].Value.Value())
	// Output: [[0.936 0.197] [-0.406 0.503] [-0.021 -0.787] [-0.468 -0.603]]
}

func ExampleCountParams() {
	net := nn.Sequential(nn.Linear(784, 256, nil), nn.ReLU(), nn.Linear(256, 10, nil))
	fmt.Println(nn.CountParams(net), "=", 784*256+256+256*10+10)
	// Output: 203530 = 203530
}
