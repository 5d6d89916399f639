package temporal

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// SoftmaxLoss is the softmax cross-entropy of scores x and target words y, summed over time and divided by the batch size N.
// Positions where the mask is false, such as padding, do not count.
//
//	loss = −1/N · Σ mask[n, t] · log softmax(x[n, t])[y[n, t]]
//	dx   =  1/N · mask[n, t] · (softmax(x[n, t]) − onehot(y[n, t]))
//
// It returns the gradient with the loss.
//
// Shapes: x: (N, T, V), y: (N, T) integers, mask: (N, T) bool -> loss: scalar, dx: (N, T, V). Other ranks of x and types of
// y and mask panic.
func SoftmaxLoss(x, y, mask *Node) (loss, dx *Node) {
	if x.Rank() != 3 || !y.DType().IsInt() || mask.DType() != dtypes.Bool {
		panic(fmt.Errorf("temporal: SoftmaxLoss of scores %s, words %s, mask %s: want (N, T, V) floats, (N, T) integers and (N, T) bools", x.Shape(), y.Shape(), mask.Shape()))
	}
	g, n := x.Graph(), float64(x.Shape().Dim(0))
	// Subtracting the largest score does not change the softmax and prevents overflow in Exp.
	shifted := Sub(x, ReduceAndKeep(x, ReduceMax, -1))
	exp := Exp(shifted)
	sum := ReduceAndKeep(exp, ReduceSum, -1)

	word := Iota(g, shapes.Make(y.DType(), x.Shape().Dimensions...), 2)
	isTarget := Equal(word, BroadcastToShape(ExpandAxes(y, -1), word.Shape()))
	weight := DivScalar(ConvertDType(mask, x.DType()), n)
	score := ReduceSum(Where(isTarget, shifted, ZerosLike(shifted)), -1)
	logProb := Sub(score, Log(Squeeze(sum, -1)))
	loss = Neg(ReduceAllSum(Mul(weight, logProb)))

	dx = Sub(Div(exp, sum), ConvertDType(isTarget, x.DType()))
	return loss, Mul(dx, ExpandAxes(weight, -1))
}
