package gan

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// stateless is what layers without parameters embed.
type stateless struct{}

func (stateless) Params() []*Param { return nil }

// linear is a fully connected layer.
type linear struct{ weight, bias *Param }

// Linear is a fully connected layer, y = x·Wᵀ + b, with PyTorch's default start.
//
// Shapes: W: (out, in), b: (out), x: (N, in) -> (N, out).
func Linear(in, out int, stream *rng.Torch) Layer {
	weight, bias := defaultInit(stream, in, out, []int{out, in})
	return &linear{weight, bias}
}

func (l *linear) Params() []*Param { return []*Param{l.weight, l.bias} }

func (l *linear) Forward(p []*Node, x *Node) *Node {
	return Add(Dot(x, p[0]).General([]int{1}, nil, []int{1}, nil), ExpandAxes(p[1], 0))
}

// leakyReLU is max(x, αx); α = 0 makes it the plain ReLU.
type leakyReLU struct {
	stateless
	alpha float64
}

// LeakyReLU keeps positive values and shrinks negative ones: f(x) = max(x, αx).
//
// The slope at 0 is α, as in PyTorch (GoMLX's own activations choose 1 there).
func LeakyReLU(alpha float64) Layer { return leakyReLU{alpha: alpha} }

// ReLU keeps positive values and replaces negative ones by 0. The slope at 0 is 0.
func ReLU() Layer { return leakyReLU{} }

func (l leakyReLU) Forward(_ []*Node, x *Node) *Node {
	return Where(GreaterThan(x, ZerosLike(x)), x, MulScalar(x, l.alpha))
}

type tanh struct{ stateless }

// TanH squashes values to (-1, 1), the range of the images.
func TanH() Layer { return tanh{} }

func (tanh) Forward(_ []*Node, x *Node) *Node { return Tanh(x) }

// flatten turns images into rows of pixels.
type flatten struct{ stateless }

// Flatten turns images into rows, channels first as in PyTorch.
//
// Shapes: (N, H, W, C) -> (N, C·H·W); rows stay as they are.
func Flatten() Layer { return flatten{} }

func (flatten) Forward(_ []*Node, x *Node) *Node {
	d := x.Shape().Dimensions
	if len(d) != 4 {
		return Reshape(x, d[0], -1)
	}
	if d[3] > 1 {
		x = TransposeAllAxes(x, 0, 3, 1, 2)
	}
	return Reshape(x, d[0], d[1]*d[2]*d[3])
}

type unflatten struct {
	stateless
	c, h, w int
}

// Unflatten turns rows into images, the inverse of [Flatten].
//
// Shapes: (N, C·H·W) -> (N, H, W, C).
func Unflatten(c, h, w int) Layer { return unflatten{c: c, h: h, w: w} }

func (u unflatten) Forward(_ []*Node, x *Node) *Node {
	n := x.Shape().Dimensions[0]
	if x.Shape().Size() != n*u.c*u.h*u.w {
		panic(fmt.Errorf("gan: Unflatten(%d, %d, %d) needs rows of %d values, got %s", u.c, u.h, u.w, u.c*u.h*u.w, x.Shape()))
	}
	if u.c == 1 {
		return Reshape(x, n, u.h, u.w, 1)
	}
	return TransposeAllAxes(Reshape(x, n, u.c, u.h, u.w), 0, 2, 3, 1)
}

// batchNorm normalises each feature over the batch (and over the pixels of images).
type batchNorm struct{ weight, bias *Param }

// batchNormEpsilon is PyTorch's default.
const batchNormEpsilon = 1e-5

// BatchNorm normalises every feature (last axis) to mean 0 and variance 1 over the batch, then scales
// by γ and shifts by β:
//
//	y = γ·(x − mean)/√(var + 1e-5) + β
//
// It always uses the statistics of the batch, as the notebook does: its networks are never switched to
// evaluation. γ starts at 1 and β at 0, without a random draw. The variance divides by the number of
// values, not by one less. Source: Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167.
//
// Shapes: γ, β: (C), x: (N, C) or (N, H, W, C) -> like x.
func BatchNorm(features int) Layer {
	ones := make([]float32, features)
	for i := range ones {
		ones[i] = 1
	}
	return &batchNorm{
		weight: &Param{"weight", []int{features}, ones},
		bias:   &Param{"bias", []int{features}, make([]float32, features)},
	}
}

func (b *batchNorm) Params() []*Param { return []*Param{b.weight, b.bias} }

func (b *batchNorm) Forward(p []*Node, x *Node) *Node {
	dims := x.Shape().Dimensions
	features := dims[len(dims)-1]
	rows := Reshape(x, -1, features)
	centred := Sub(rows, ExpandAxes(ReduceMean(rows, 0), 0))
	variance := ReduceMean(Square(centred), 0)
	// One factor a feature, so that the big array is multiplied once.
	scale := Mul(p[0], Reciprocal(Sqrt(AddScalar(variance, batchNormEpsilon))))
	y := Add(Mul(centred, ExpandAxes(scale, 0)), ExpandAxes(p[1], 0))
	return Reshape(y, dims...)
}
