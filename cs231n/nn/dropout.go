package nn

import (
	"fmt"
	"sort"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// Dropout sets some values to zero and divides the others by the keep probability, which preserves the expected value:
// y = x∘keep/(1 − rate), with 0 ≤ rate < 1. Its backward pass applies the same mask to dy. Each call draws a new mask. A nil
// Dropout is the identity. Source: Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html.
//
// Shapes: x: any -> like x.
type Dropout func(x *Node) (y *Node, back func(dy *Node) (dx *Node))

// Call calls d. A nil d returns x.
func (d Dropout) Call(x *Node) (y *Node, back func(dy *Node) (dx *Node)) {
	if d == nil {
		return x, func(dy *Node) *Node { return dy }
	}
	return d(x)
}

// Apply is the forward pass of [Dropout.Call].
func (d Dropout) Apply(x *Node) *Node {
	y, _ := d.Call(x)
	return y
}

// masked is dropout with a given mask.
func masked(x, keep *Node, rate float64) (y *Node, back func(dy *Node) *Node) {
	mask := func(x *Node) *Node { return Where(keep, DivScalar(x, 1-rate), ZerosLike(x)) }
	return mask(x), mask
}

// modulus and multiplier define the sequence that PyTorch's dropout used in builds with MKL; see [rng.Torch.Dropout].
const (
	modulus    = 1<<31 - 1
	multiplier = 1132489760
)

// SeededDropout returns dropout with the masks of PyTorch's random stream. The device computes the k-th mask from
// s = seeds[k], one draw of the stream ([rng.Torch.DropoutSeeds]). With a = 1132489760 and m = 2³¹ − 1,
//
//	keep[i] = s·aⁱ mod m < (1 − rate)·m
//
// The factor aⁱ is the product of entries of two short tables, so all values are computed in parallel. More calls than
// seeds panic.
//
// Shapes: seeds: (K) uint32.
func SeededDropout(rate float64, seeds *Node) Dropout {
	k := 0
	return func(x *Node) (*Node, func(*Node) *Node) {
		if k == seeds.Shape().Dim(0) {
			panic(fmt.Errorf("nn: dropout is called more often than it has seeds (%d); give one seed per call", k))
		}
		seed := Reshape(SliceAxis(seeds, 0, AxisElem(k)))
		k++
		return masked(x, keepMask(seed, 1-rate, x.Shape().Dimensions), rate)
	}
}

// keepMask builds the mask that [rng.Torch.Dropout] draws, from its seed.
func keepMask(seed *Node, p float64, dims []int) *Node {
	g, size := seed.Graph(), size(dims)
	low := 1
	for low*low < size {
		low *= 2
	}
	high := (size + low - 1) / low
	// The seed 0 counts as 1, since every value after a 0 is 0.
	first := fold(ConvertDType(seed, dtypes.Uint64))
	isZero := Or(Equal(first, Scalar(g, dtypes.Uint64, 0)), Equal(first, Scalar(g, dtypes.Uint64, modulus)))
	first = Where(isZero, Scalar(g, dtypes.Uint64, 1), first)

	aLow := powers(multiplier, low)
	aHigh := powers(aLow[low-1]*multiplier%modulus, high)
	starts := timesMod(first, Const(g, aHigh)) // (high)
	values := timesMod(ExpandAxes(starts, 1), ExpandAxes(Const(g, aLow), 0))
	// x < limit is equivalent to float64(x)/m < p, the comparison of rng.Torch.
	limit := sort.Search(modulus, func(x int) bool { return float64(x)/modulus >= p })
	keep := LessThan(ConvertDType(values, dtypes.Uint32), Scalar(g, dtypes.Uint32, limit))
	return Reshape(SliceAxis(Reshape(keep, -1), 0, AxisRange(0, size)), dims...)
}

// powers returns 1, a, a², … modulo m.
func powers(a uint64, n int) []uint64 {
	p := make([]uint64, n)
	p[0] = 1
	for i := 1; i < n; i++ {
		p[i] = p[i-1] * a % modulus
	}
	return p
}

// timesMod is x·y modulo m = 2³¹ − 1. Since 2³¹ is 1 modulo m, folding twice, which adds the upper bits to the lower 31,
// replaces the division.
func timesMod(x, y *Node) *Node {
	return fold(fold(Mul(x, y)))
}

func fold(x *Node) *Node {
	g := x.Graph()
	mask := BroadcastToShape(Scalar(g, dtypes.Uint64, modulus), x.Shape())
	shift := BroadcastToShape(Scalar(g, dtypes.Uint64, 31), x.Shape())
	return Add(BitwiseAnd(x, mask), BitwiseShiftRightLogical(x, shift))
}
