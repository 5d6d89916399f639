package transformer

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// Backward is the gradient of [MultiHeadAttention.Forward] by hand: what GoMLX derives, written down. With W for the
// weights after the softmax, M for dropout's factors (1 without it), and dY for the gradient of what the
// heads mix, head by head,
//
//	dY = dout·Wproj        dV = (W∘M)ᵀ·dY      dW = (dY·Vᵀ)∘M
//	dS = W∘(dW − Σ dW∘W)   the softmax, a sum over the keys of each query
//	dQ = dS·K/√(E/H)       dK = dSᵀ·Q/√(E/H)
//
// and every linear map y = x·Aᵀ + b passes dx = dy·A, dA = dyᵀ·x, db = Σ dy on. The mask needs nothing: where it is
// false, W is 0.
//
// Shapes: dout: (N, S, E), the others as for Forward, factors: (N, H, S, T) or nil -> dquery: (N, S, E), dkey, dvalue:
// (N, T, E), dparams: weight and bias of Key, Query, Value and Proj.
func (a MultiHeadAttention) Backward(dout, query, key, value, mask, factors *Node) (dquery, dkey, dvalue *Node, dparams []*Node) {
	a.check(query, key, value, mask)
	q, k, v := a.split(a.Query.Forward(query)), a.split(a.Key.Forward(key)), a.split(a.Value.Forward(value))
	w := a.weights(q, k, mask)
	scaled := func(x *Node) *Node {
		if factors == nil {
			return x
		}
		return Mul(x, factors)
	}
	mixed := Reshape(Einsum("nhst,nthd->nshd", scaled(w), v), query.Shape().Dimensions...)

	dmixed, dproj := a.Proj.backward(dout, mixed)
	dy := a.split(dmixed)
	dv := Einsum("nhst,nshd->nthd", scaled(w), dy)
	dw := scaled(Einsum("nshd,nthd->nhst", dy, v))
	ds := Mul(w, Sub(dw, ReduceAndKeep(Mul(dw, w), ReduceSum, -1)))
	ds = DivScalar(ds, math.Sqrt(float64(q.Shape().Dim(-1))))
	dq, dk := Einsum("nhst,nthd->nshd", ds, k), Einsum("nhst,nshd->nthd", ds, q)

	join := func(x, like *Node) *Node { return Reshape(x, like.Shape().Dimensions...) }
	dquery, dqueryParams := a.Query.backward(join(dq, query), query)
	dkey, dkeyParams := a.Key.backward(join(dk, key), key)
	dvalue, dvalueParams := a.Value.backward(join(dv, value), value)
	for _, d := range [][]*Node{dkeyParams, dqueryParams, dvalueParams, dproj} {
		dparams = append(dparams, d...)
	}
	return dquery, dkey, dvalue, dparams
}

// backward is the gradient of a linear map: of its input, and of weight and bias.
//
// Shapes: dy: (N, T, out), x: (N, T, in).
func (l Linear) backward(dy, x *Node) (dx *Node, dparams []*Node) {
	dx = Dot(dy, l.Weight).General([]int{2}, nil, []int{0}, nil)
	dweight := Dot(dy, x).General([]int{0, 1}, nil, []int{0, 1}, nil)
	return dx, []*Node{dweight, ReduceSum(dy, 0, 1)}
}
