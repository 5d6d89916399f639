package nn

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
)

// rectifier is LeakyReLU; a slope of 0 makes it ReLU.
type rectifier struct {
	stateless
	slope float64
}

// LeakyReLU is y = x for x > 0, else slope·x. The derivative at 0 is the slope, as in PyTorch; in GoMLX's own activations
// it is 1.
// Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LeakyReLU.html.
func LeakyReLU(slope float64) Layer { return rectifier{slope: slope} }

// ReLU is y = max(x, 0). The derivative at 0 is 0.
// Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ReLU.html.
func ReLU() Layer { return rectifier{} }

func (r rectifier) Forward(_ Values, x *Node) (*Node, Backward) {
	return r.scale(x, x), func(dy *Node) (*Node, []*Node) { return r.scale(x, dy), nil }
}

// scale multiplies v by the slope where x is not positive.
func (r rectifier) scale(x, v *Node) *Node {
	below := ZerosLike(v)
	if r.slope != 0 {
		below = MulScalar(v, r.slope)
	}
	return Where(GreaterThan(x, ZerosLike(x)), v, below)
}

type tanh struct{ stateless }

// TanH is y = tanh(x), with dx = dy·(1 − y²).
// Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Tanh.html.
func TanH() Layer { return tanh{} }

func (tanh) Forward(_ Values, x *Node) (*Node, Backward) {
	y := Tanh(x)
	return y, func(dy *Node) (*Node, []*Node) { return Mul(dy, OneMinus(Square(y))), nil }
}

type silu struct{ stateless }

// SiLU is y = x·σ(x) with the logistic function σ, also called Swish. Its backward pass is dx = dy·σ(x)·(1 + x·(1 − σ(x))).
// Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.SiLU.html.
func SiLU() Layer { return silu{} }

func (silu) Forward(_ Values, x *Node) (*Node, Backward) {
	s := Sigmoid(x)
	return Mul(x, s), func(dy *Node) (*Node, []*Node) {
		return Mul(dy, Mul(s, AddScalar(Mul(x, OneMinus(s)), 1))), nil
	}
}

type flatten struct{ stateless }

// Flatten turns images into rows, channels first as in PyTorch. Its backward pass turns rows into images.
// Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Flatten.html.
//
// Shapes: (N, H, W, C) -> (N, C·H·W). A matrix (N, D) is returned unchanged.
func Flatten() Layer { return flatten{} }

func (flatten) Forward(_ Values, x *Node) (*Node, Backward) {
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
// Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Unflatten.html.
//
// Shapes: (N, C·H·W) -> (N, H, W, C).
func Unflatten(c, h, w int) Layer { return unflatten{c: c, h: h, w: w} }

func (u unflatten) Forward(_ Values, x *Node) (*Node, Backward) {
	if n := x.Shape().Dim(0); x.Shape().Size() != n*u.c*u.h*u.w {
		panic(fmt.Errorf("nn: Unflatten(%d, %d, %d) needs rows of %d values, got %s", u.c, u.h, u.w, u.c*u.h*u.w, x.Shape()))
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
