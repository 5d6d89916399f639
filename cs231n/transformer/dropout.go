package transformer

import (
	"fmt"
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// Dropout sets some values to zero and scales the others up so that the mean stays what it is. Layers call it
// once for everything that they drop, in the order in which PyTorch's module does. Nil drops nothing.
type Dropout func(x *Node) *Node

func (d Dropout) apply(x *Node) *Node {
	if d == nil {
		return x
	}
	return d(x)
}

// dropped keeps x where keep is true.
func dropped(x, keep *Node, rate float64) *Node {
	return Where(keep, DivScalar(x, 1-rate), ZerosLike(x))
}

// Random is dropout with masks from GoMLX's own generator, whose state is a variable of the store.
func Random(rate float64, store *model.Store) Dropout {
	return func(x *Node) *Node {
		keep := store.RandomBernoulli(Scalar(x.Graph(), dtypes.Float32, 1-rate), x.Shape())
		return dropped(x, ConvertDType(keep, dtypes.Bool), rate)
	}
}

// modulus and multiplier are those of the sequence that PyTorch's dropout drew from in builds with MKL; see
// [rng.Torch.Dropout].
const (
	modulus    = 1<<31 - 1
	multiplier = 1132489760
)

// Seeded is dropout with the masks of PyTorch's random stream. The k-th mask is made on the device from
// seeds[k], one draw of the stream ([rng.Torch.DropoutSeeds]): with a = 1132489760 and m = 2³¹ − 1,
//
//	keep[i] = s·aⁱ mod m < (1 − rate)·m
//
// A generator takes one step after the other; here aⁱ is split into aʰ·aˡ, two short tables, so that all
// values are computed at once.
//
// Shapes: seeds: (K) uint32.
func Seeded(rate float64, seeds *Node) Dropout {
	k := 0
	return func(x *Node) *Node {
		if k == seeds.Shape().Dim(0) {
			panic(fmt.Errorf("transformer: dropout has %d seeds and was asked for more masks", k))
		}
		seed := Reshape(SliceAxis(seeds, 0, AxisElem(k)))
		k++
		return dropped(x, keepMask(seed, 1-rate, x.Shape().Dimensions), rate)
	}
}

// keepMask is the mask that rng.Torch.Dropout would make of the seed.
func keepMask(seed *Node, p float64, dims []int) *Node {
	g, size := seed.Graph(), shapes.Make(dtypes.Bool, dims...).Size()
	low := 1
	for low*low < size {
		low *= 2
	}
	high := (size + low - 1) / low
	// The seed 0 counts as 1, since a sequence that begins with 0 stays there.
	first := fold(ConvertDType(seed, dtypes.Uint64))
	first = Where(Equal(first, Scalar(g, dtypes.Uint64, modulus)), Scalar(g, dtypes.Uint64, 0), first)
	first = Where(Equal(first, Scalar(g, dtypes.Uint64, 0)), Scalar(g, dtypes.Uint64, 1), first)

	aLow := powers(multiplier, low)
	aHigh := powers(aLow[low-1]*multiplier%modulus, high)
	starts := timesMod(first, Const(g, aHigh)) // (high)
	values := timesMod(ExpandAxes(starts, 1), ExpandAxes(Const(g, aLow), 0))
	// The values are whole numbers, so this compares as float64(x)/m < p does.
	limit := uint64(math.Ceil(p * modulus))
	for limit > 0 && float64(limit-1)/modulus >= p {
		limit--
	}
	for float64(limit)/modulus < p {
		limit++
	}
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

// timesMod is x·y modulo m = 2³¹ − 1. For such an m no division is needed: 2³¹ is 1, so the bits above the
// 31st are added to those below, twice.
func timesMod(x, y *Node) *Node {
	return fold(fold(Mul(x, y)))
}

func fold(x *Node) *Node {
	g := x.Graph()
	mask := BroadcastToShape(Scalar(g, dtypes.Uint64, modulus), x.Shape())
	shift := BroadcastToShape(Scalar(g, dtypes.Uint64, 31), x.Shape())
	return Add(BitwiseAnd(x, mask), BitwiseShiftRightLogical(x, shift))
}
