package nn

import (
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
)

// epsilon is PyTorch's default for BatchNorm and LayerNorm.
const epsilon = 1e-5

// normInit sets γ = 1 and β = 0. It draws no random numbers.
func normInit(features int) affineParams {
	ones := slices.Repeat([]float32{1}, features)
	return affineParams{NewParam("weight", ones, features), NewParam("bias", make([]float32, features), features)}
}

type batchNorm struct{ affineParams }

// BatchNorm normalizes every feature (last axis) to mean 0 and variance 1 over the batch and all pixels. Then it scales
// by γ and shifts by β:
//
//	y = γ·(x − mean)/√(var + 1e-5) + β
//
// It always uses the statistics of the batch, since the assignment never switches to evaluation mode. The variance is
// biased (divided by m, not m − 1). γ starts at 1 and β at 0.
// Source: Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167.
//
// Shapes: γ, β: (C), x: (N, C) or (N, H, W, C) -> like x.
func BatchNorm(features int) Layer { return batchNorm{normInit(features)} }

// MixesBatch is true: mean and variance depend on the whole batch.
func (batchNorm) MixesBatch() bool { return true }

func (b batchNorm) Forward(p Values, x *Node) (*Node, Backward) {
	gamma, beta := p[b.weight], p[b.bias]
	dims := x.Shape().Dimensions
	rows := Reshape(x, -1, dims[len(dims)-1])
	m := float64(rows.Shape().Dimensions[0])
	mean := func(x *Node) *Node { return ExpandAxes(DivScalar(SumRows(x), m), 0) }

	centered := Sub(rows, mean(rows))
	invStd := Reciprocal(Sqrt(AddScalar(mean(Square(centered)), epsilon)))
	xHat := Mul(centered, invStd)
	y := Add(Mul(xHat, ExpandAxes(gamma, 0)), ExpandAxes(beta, 0))
	return Reshape(y, dims...), func(dy *Node) (*Node, []*Node) {
		// Mean and variance depend on every row, so each row's gradient includes a share of theirs.
		dy = Reshape(dy, rows.Shape().Dimensions...)
		dGamma, dBeta := SumRows(Mul(dy, xHat)), SumRows(dy)
		share := DivScalar(Add(ExpandAxes(dBeta, 0), Mul(xHat, ExpandAxes(dGamma, 0))), m)
		dx := Mul(Sub(dy, share), Mul(invStd, ExpandAxes(gamma, 0)))
		return Reshape(dx, dims...), []*Node{dGamma, dBeta}
	}
}

type layerNorm struct{ affineParams }

// LayerNorm normalizes every vector (last axis) to mean 0 and variance 1, then scales by γ and shifts by β:
//
//	y = γ·(x − mean)/√(var + 1e-5) + β
//
// γ starts at 1 and β at 0. Source: Ba, Kiros and Hinton 2016, https://arxiv.org/abs/1607.06450.
//
// Shapes: γ, β: (E), x: (…, E) -> like x.
func LayerNorm(features int) Layer { return layerNorm{normInit(features)} }

func (l layerNorm) Forward(p Values, x *Node) (*Node, Backward) {
	mean := func(x *Node) *Node { return ReduceAndKeep(x, ReduceMean, -1) }
	broadcast := func(v *Node) *Node { return BroadcastPrefix(v, x.Shape().Dimensions[:x.Rank()-1]...) }

	centered := Sub(x, mean(x))
	std := Sqrt(AddScalar(mean(Square(centered)), epsilon))
	xHat := Div(centered, std)
	y := Add(Mul(xHat, broadcast(p[l.weight])), broadcast(p[l.bias]))
	return y, func(dy *Node) (*Node, []*Node) {
		dxHat := Mul(dy, broadcast(p[l.weight]))
		share := Add(mean(dxHat), Mul(xHat, mean(Mul(dxHat, xHat))))
		return Div(Sub(dxHat, share), std), []*Node{SumRows(Mul(dy, xHat)), SumRows(dy)}
	}
}
