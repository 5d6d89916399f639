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

func (l *linear) Forward(p []*Node, x *Node) (*Node, Backward) {
	w, b := p[0], p[1]
	y := Add(dotT(x, w), ExpandAxes(b, 0))
	return y, func(dy *Node) (*Node, []*Node) {
		return dot(dy, w), []*Node{tDot(dy, x), sumRows(dy)}
	}
}

// dot, dotT and tDot are the matrix products a·b, a·bᵀ and aᵀ·b.
func dot(a, b *Node) *Node  { return Dot(a, b).Product() }
func dotT(a, b *Node) *Node { return Dot(a, b).General([]int{1}, nil, []int{1}, nil) }
func tDot(a, b *Node) *Node { return Dot(a, b).General([]int{0}, nil, []int{0}, nil) }

// sumRows adds up the rows of a matrix: (N, C) -> (C).
func sumRows(x *Node) *Node { return ReduceSum(x, 0) }

// sumOf adds up nodes of one shape.
func sumOf(nodes []*Node) *Node {
	sum := nodes[0]
	for _, n := range nodes[1:] {
		sum = Add(sum, n)
	}
	return sum
}

// autodiff is the way back that GoMLX derives by itself from y = f(x, params).
func autodiff(y, x *Node, params ...*Node) Backward {
	return func(dy *Node) (*Node, []*Node) {
		d := Gradient(ReduceAllSum(Mul(y, StopGradient(dy))), append([]*Node{x}, params...)...)
		return d[0], d[1:]
	}
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

func (l leakyReLU) Forward(_ []*Node, x *Node) (*Node, Backward) {
	return l.pick(x, x), func(dy *Node) (*Node, []*Node) { return l.pick(x, dy), nil }
}

// pick keeps v where x is positive and shrinks it elsewhere.
func (l leakyReLU) pick(x, v *Node) *Node {
	return Where(GreaterThan(x, ZerosLike(x)), v, MulScalar(v, l.alpha))
}

type tanh struct{ stateless }

// TanH squashes values to (-1, 1), the range of the images.
func TanH() Layer { return tanh{} }

func (tanh) Forward(_ []*Node, x *Node) (*Node, Backward) {
	y := Tanh(x)
	return y, func(dy *Node) (*Node, []*Node) { return Mul(dy, OneMinus(Square(y))), nil }
}

// flatten turns images into rows of pixels.
type flatten struct{ stateless }

// Flatten turns images into rows, channels first as in PyTorch.
//
// Shapes: (N, H, W, C) -> (N, C·H·W); rows stay as they are.
func Flatten() Layer { return flatten{} }

func (flatten) Forward(_ []*Node, x *Node) (*Node, Backward) {
	d := x.Shape().Dimensions
	if len(d) != 4 {
		return Reshape(x, d[0], -1), func(dy *Node) (*Node, []*Node) { return Reshape(dy, d...), nil }
	}
	u := unflatten{c: d[3], h: d[1], w: d[2]}
	return u.rows(x), func(dy *Node) (*Node, []*Node) { return u.images(dy), nil }
}

type unflatten struct {
	stateless
	c, h, w int
}

// Unflatten turns rows into images, the inverse of [Flatten].
//
// Shapes: (N, C·H·W) -> (N, H, W, C).
func Unflatten(c, h, w int) Layer { return unflatten{c: c, h: h, w: w} }

func (u unflatten) Forward(_ []*Node, x *Node) (*Node, Backward) {
	n := x.Shape().Dimensions[0]
	if x.Shape().Size() != n*u.c*u.h*u.w {
		panic(fmt.Errorf("gan: Unflatten(%d, %d, %d) needs rows of %d values, got %s", u.c, u.h, u.w, u.c*u.h*u.w, x.Shape()))
	}
	return u.images(x), func(dy *Node) (*Node, []*Node) { return u.rows(dy), nil }
}

// images turns rows, channels first, into images, channels last.
func (u unflatten) images(rows *Node) *Node {
	if u.c == 1 {
		return Reshape(rows, -1, u.h, u.w, 1)
	}
	return TransposeAllAxes(Reshape(rows, -1, u.c, u.h, u.w), 0, 2, 3, 1)
}

// rows is the inverse of images.
func (u unflatten) rows(images *Node) *Node {
	if u.c > 1 {
		images = TransposeAllAxes(images, 0, 3, 1, 2)
	}
	return Reshape(images, -1, u.c*u.h*u.w)
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

func (b *batchNorm) Forward(p []*Node, x *Node) (*Node, Backward) {
	gamma, beta := p[0], p[1]
	dims := x.Shape().Dimensions
	rows := Reshape(x, -1, dims[len(dims)-1])
	m := float64(rows.Shape().Dimensions[0])
	mean := func(x *Node) *Node { return ExpandAxes(DivScalar(sumRows(x), m), 0) }

	centred := Sub(rows, mean(rows))
	perStd := Reciprocal(Sqrt(AddScalar(mean(Square(centred)), batchNormEpsilon)))
	normal := Mul(centred, perStd)
	y := Add(Mul(normal, ExpandAxes(gamma, 0)), ExpandAxes(beta, 0))
	return Reshape(y, dims...), func(dy *Node) (*Node, []*Node) {
		// Mean and variance depend on every row, so each row's gradient loses its share of what
		// flows through them.
		dy = Reshape(dy, rows.Shape().Dimensions...)
		dGamma, dBeta := sumRows(Mul(dy, normal)), sumRows(dy)
		share := DivScalar(Add(ExpandAxes(dBeta, 0), Mul(normal, ExpandAxes(dGamma, 0))), m)
		dx := Mul(Sub(dy, share), Mul(perStd, ExpandAxes(gamma, 0)))
		return Reshape(dx, dims...), []*Node{dGamma, dBeta}
	}
}
