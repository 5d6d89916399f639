package nn

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

type groupNorm struct {
	affineParams
	groups int
}

// GroupNorm splits the channels of every image into groups of neighboring channels and normalizes each group to mean 0
// and variance 1. Then it scales every channel by γ and shifts it by β:
//
//	y = γ·(x − mean)/√(var + 1e-5) + β
//
// Mean and variance are over all pixels and the C/groups channels of a group of one image, so unlike [BatchNorm] it does
// not mix the images of a batch. The variance is biased. γ starts at 1 and β at 0. It panics if the groups do not divide
// the channels.
// Source: Wu and He 2018, https://arxiv.org/abs/1803.08494.
//
// Shapes: γ, β: (C), x: (N, C) or (N, H, W, C) -> like x.
func GroupNorm(groups, channels int) Layer {
	if groups < 1 || channels < 1 || channels%groups != 0 {
		panic(fmt.Errorf("nn: GroupNorm cannot split %d channels into %d equal groups", channels, groups))
	}
	return groupNorm{normInit(channels), groups}
}

// Forward first sums over the pixels, which leaves one number for each image and channel. All that concerns groups is
// computed on these.
func (l groupNorm) Forward(p Values, x *Node) (*Node, Backward) {
	d := x.Shape().Dimensions
	n, channels := d[0], p[l.weight].Shape().Dim(0)
	if d[len(d)-1] != channels || len(d) != 2 && len(d) != 4 {
		panic(fmt.Errorf("nn: GroupNorm of %d channels needs (N, %d) or (N, H, W, %d), got %s", channels, channels, channels, x.Shape()))
	}
	pixels := Reshape(x, n, -1, channels)
	gamma, beta := ExpandAxes(p[l.weight], 0, 1), ExpandAxes(p[l.bias], 0, 1)
	// sum adds up pixels, (N, P, C) -> (N, 1, C), and mean takes the mean of a group for each of its channels. A product with
	// a matrix stores it, so XLA does not compute it again for every pixel.
	sum := func(x *Node) *Node { return ReduceAndKeep(x, ReduceSum, 1) }
	average := l.averages(x.Graph(), channels, pixels.Shape().Dim(1), x.DType())
	mean := func(sums *Node) *Node { return ExpandAxes(Dot(Reshape(sums, n, channels), average).Product(), 1) }

	centered := Sub(pixels, mean(sum(pixels)))
	invStd := Reciprocal(Sqrt(AddScalar(mean(sum(Square(centered))), epsilon)))
	y := Add(Mul(centered, Mul(invStd, gamma)), beta)
	return Reshape(y, d...), func(dy *Node) (*Node, []*Node) {
		// Mean and variance depend on all pixels of a group, so each pixel's gradient includes a share of theirs.
		dy = Reshape(dy, n, -1, channels)
		dBeta, dGamma := sum(dy), Mul(sum(Mul(dy, centered)), invStd) // of each image
		shift := mean(Mul(dBeta, gamma))
		slope := Mul(invStd, mean(Mul(dGamma, gamma)))
		dx := Mul(invStd, Sub(Sub(Mul(dy, gamma), shift), Mul(centered, slope)))
		return Reshape(dx, d...), []*Node{SumRows(dGamma), SumRows(dBeta)}
	}
}

// averages returns the matrix that maps the sums of all channels to the mean of each channel's group.
func (l groupNorm) averages(g *Graph, channels, pixels int, dtype dtypes.DType) *Node {
	size := channels / l.groups
	group := Div(Iota(g, shapes.Make(dtypes.Int32, channels), 0), Scalar(g, dtypes.Int32, size))
	same := Equal(ExpandAxes(group, 0), ExpandAxes(group, 1))
	return DivScalar(ConvertDType(same, dtype), float64(size*pixels))
}
