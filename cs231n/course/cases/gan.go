package cases

import (
	"cmp"
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/cs231n-go/assignment3/cs231n/gan"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/optim"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

func ganNoise(r *run) ([]Array, error) {
	noise := gan.SampleNoise(r.Sizes[0], r.Sizes[1], rng.NewTorch(uint64(r.Seed)))
	values := make([]float64, len(noise))
	for i, v := range noise {
		values[i] = float64(v)
	}
	dims := []int{len(values)}
	if len(values) == r.Sizes[0]*r.Sizes[1] {
		dims = r.Sizes
	}
	return []Array{NewArray("noise", values, dims...)}, nil
}

// network evaluates a discriminator on random pictures.
func network(build func(*rng.Torch) *nn.Network) func(*run) ([]Array, error) {
	return func(r *run) ([]Array, error) { return r.apply(build(rng.NewTorch(0)), gan.Pixels) }
}

// generator evaluates a generator on random noise.
func generator(build func(int, *rng.Torch) *nn.Network) func(*run) ([]Array, error) {
	return func(r *run) ([]Array, error) { return r.apply(build(r.Sizes[1], rng.NewTorch(0)), r.Sizes[1]) }
}

// apply evaluates a network with random parameters. Pictures and noise are Float32, as in training.
func (r *run) apply(net *nn.Network, width int) ([]Array, error) {
	if net == nil {
		return nil, fmt.Errorf("the network is nil: return nn.Sequential(…)")
	}
	counts := NewArray("number of parameters", []float64{float64(nn.CountParams(net))})
	r.fill(net.Params(), 1)
	values := make([]float32, r.Sizes[0]*width)
	for i := range values {
		values[i] = float32(2*r.stream.Float64() - 1)
	}
	in := tensors.FromFlatDataAndDimensions(values, r.Sizes[0], width)
	out, err := r.compute([]string{"output"}, net.Params(), []any{in}, func(p nn.Values, in []*Node) []*Node {
		return []*Node{p.Apply(net, in[0])}
	})
	if err != nil {
		return nil, err
	}
	return append([]Array{counts}, out...), nil
}

// loss evaluates a loss of D and its gradients. Of the kind "extreme" the logits are so large that exp overflows.
func loss(f func(real, fake *Node) *Node) func(*run) ([]Array, error) {
	return func(r *run) ([]Array, error) {
		scale := 1.0
		if r.Kind == "extreme" {
			scale = 1000
		}
		in := []any{r.randn(r.Sizes[0], 1), r.randn(r.Sizes[0], 1)}
		return r.compute([]string{"loss"}, nil, in, func(_ nn.Values, in []*Node) []*Node {
			return []*Node{f(MulScalar(in[0], scale), MulScalar(in[1], scale))}
		})
	}
}

// fakes is a loss of the scores of fakes alone.
func fakes(f func(*Node) *Node) func(real, fake *Node) *Node {
	return func(_, fake *Node) *Node { return f(fake) }
}

func ganOptimizer(*run) ([]Array, error) {
	d, g := gan.GetOptimizer("D"), gan.GetOptimizer("G")
	adam, ok := d.(optim.Adam)
	other, _ := g.(optim.Adam)
	if !ok {
		return nil, fmt.Errorf("GetOptimizer returns a %T instead of an optim.Adam", d)
	}
	distinct := 0.0
	if adam.Name != other.Name {
		distinct = 1
	}
	hat := 0.0
	if adam.EpsilonHat {
		hat = 1
	}
	return []Array{
		NewArray("learning rate", []float64{cmp.Or(adam.LearningRate, 1e-3)}), // 0 stands for the default
		NewArray("betas", adam.Betas[:], 2),
		NewArray("epsilon", []float64{cmp.Or(adam.Epsilon, 1e-8)}),
		NewArray("epsilon hat (0 or 1)", []float64{hat}),
		NewArray("different names for D and G (0 or 1)", []float64{distinct}),
	}, nil
}
