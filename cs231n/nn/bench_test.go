package nn_test

import (
	"fmt"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// BenchmarkLayers runs the layers of a U-Net forward and backward on minibatches of 128 images. The layers of one row of
// the table follow each other, as in a network, so XLA can fuse them.
func BenchmarkLayers(b *testing.B) {
	s := rng.NewTorch(231)
	for _, c := range []struct {
		name   string
		layers []nn.Layer
		size   int
		in     int
	}{
		{"Conv2d 3x3", []nn.Layer{nn.Conv2d(32, 32, 3, s, nn.Padding(1))}, 14, 32},
		{"Conv2d 3x3", []nn.Layer{nn.Conv2d(64, 64, 3, s, nn.Padding(1))}, 7, 64},
		{"Conv2d 4x4 stride 2", []nn.Layer{nn.Conv2d(1, 32, 4, s, nn.Stride(2), nn.Padding(1))}, 28, 1},
		{"Conv2d 2x2 stride 2", []nn.Layer{nn.Conv2d(32, 64, 2, s, nn.Stride(2))}, 14, 32},
		{"ConvTranspose2d 2x2", []nn.Layer{nn.ConvTranspose2d(64, 32, 2, s)}, 7, 64},
		{"ConvTranspose2d 4x4", []nn.Layer{nn.ConvTranspose2d(32, 1, 4, s)}, 14, 32},
		{"GroupNorm", []nn.Layer{nn.GroupNorm(8, 32)}, 14, 32},
		{"GroupNorm SiLU", []nn.Layer{nn.GroupNorm(8, 32), nn.SiLU()}, 14, 32},
		{"GroupNorm SiLU Conv2d 3x3", []nn.Layer{nn.GroupNorm(8, 32), nn.SiLU(), nn.Conv2d(32, 32, 3, s, nn.Padding(1))}, 14, 32},
	} {
		b.Run(fmt.Sprintf("%s %d %dx%d", c.name, c.in, c.size, c.size), func(b *testing.B) {
			n := nn.Sequential(c.layers...)
			x := make([]float32, 128*c.size*c.size*c.in)
			s.Normal(x, 0, 1)
			inputs := nn.WithValues([]any{tensors.FromFlatDataAndDimensions(x, 128, c.size, c.size, c.in)}, n.Params())
			exec, err := NewExec(testbackend.Get(b), func(in []*Node) []*Node {
				y, back := n.Forward(nn.Bind(n.Params(), in[1:]), in[0])
				dx, dparams := back(y)
				return append([]*Node{y, dx}, dparams...)
			})
			require.NoError(b, err)
			run := func() {
				for _, out := range exec.MustCall(inputs...) {
					out.MustConstFlatData(func(any) {}) // waits for the program
					out.MustFinalizeAll()
				}
			}
			run() // compiles the program
			for b.Loop() {
				run()
			}
		})
	}
}
