package rng

import (
	"encoding"
	"fmt"
	"math"
)

// DefaultTorchSeed is the seed of a PyTorch process that never calls
// torch.manual_seed.
const DefaultTorchSeed = 67280421310721

// Torch is PyTorch's random stream on the CPU. Create a stream with [NewTorch] or
// [OpenTorch], or seed or restore the zero value.
//
// Source: PyTorch, aten/src/ATen/core/DistributionsHelper.h and
// aten/src/ATen/native/cpu/DistributionTemplates.h.
type Torch struct{ stream[mt19937] }

var (
	_ encoding.BinaryMarshaler   = (*Torch)(nil)
	_ encoding.BinaryUnmarshaler = (*Torch)(nil)
)

// NewTorch returns the stream after torch.manual_seed(seed).
func NewTorch(seed uint64) *Torch {
	t := new(Torch)
	t.Seed(seed)
	return t
}

// OpenTorch returns a stream bound to a file. It restores the state that the file
// holds, or seeds with [DefaultTorchSeed] if there is no file.
func OpenTorch(path string) (*Torch, error) {
	t := NewTorch(DefaultTorchSeed)
	if err := t.open(path); err != nil {
		return nil, err
	}
	return t, nil
}

// Seed is torch.manual_seed. Like PyTorch's CPU generator it ignores the upper 32
// bits. It also discards a normal value stored by [Torch.Normal].
func (t *Torch) Seed(seed uint64) {
	t.gen.seed(uint32(seed))
	t.seeded(torchKind)
}

// UnmarshalBinary restores a state made by MarshalBinary and updates the bound file,
// if there is one. It implements [encoding.BinaryUnmarshaler]. It returns an error and
// keeps the old state if data is damaged or not the state of a Torch stream.
func (t *Torch) UnmarshalBinary(data []byte) error { return t.restore(torchKind, data) }

// Uniform fills dst as dst.uniform_(from, to) does, and for 0 and 1 as torch.rand
// does. Each value takes one draw:
//
//	x = (draw mod 2²⁴)/2²⁴ · (to−from) + from
//
// The bounds and their difference are rounded to float32. The rest is float64, rounded
// once at the end.
//
// Err reports bounds that are not from ≤ to or not finite in float32.
func (t *Torch) Uniform(dst []float32, from, to float64) {
	if err := checkBounds(from, to); err != nil {
		t.fail(fmt.Errorf("rng: Torch.Uniform: %w", err))
		return
	}
	t.uniform(dst, float32(from), float32(to))
	t.sync()
}

// checkBounds returns an error where uniform_ raises one for a float32 tensor.
func checkBounds(from, to float64) error {
	const limit = math.MaxFloat32
	if !(-limit <= from && from <= to && to <= limit && to-from <= limit) {
		return fmt.Errorf("want from ≤ to, finite in float32, got from %g, to %g", from, to)
	}
	return nil
}

func (t *Torch) uniform(dst []float32, from, to float32) {
	scale, shift := float64(to-from)/(1<<24), float64(from)
	for len(dst) > 0 {
		words := t.gen.block(len(dst))
		for i, y := range words {
			dst[i] = float32(float64(int32(temper(y)&(1<<24-1)))*scale + shift)
		}
		dst = dst[len(words):]
	}
}

// Dropout fills keep as bernoulli_(p) fills a tensor of any type. Each element is kept
// with probability p, one minus the dropout rate. One draw s seeds a multiplicative
// congruential generator (MCG31m1):
//
//	x₀ = s mod (2³¹−1), or 1 if that is 0;  xᵢ₊₁ = 1132489760·xᵢ mod (2³¹−1)
//	keep[i] = xᵢ/(2³¹−1) < p
//
// An empty keep draws nothing. With a rate of 0 PyTorch's dropout layers do not
// call bernoulli_, so do not call Dropout then. Err reports a p outside [0, 1].
//
// PyTorch's builds with MKL drew like this when the assignment's outputs were printed.
// PyTorch 2.15 draws differently.
//
// Source: P. L'Ecuyer, "Tables of linear congruential generators of different
// sizes and good lattice structure", Math. of Computation 68, 1999.
func (t *Torch) Dropout(keep []bool, p float64) {
	const (
		modulus    = 1<<31 - 1
		multiplier = 1132489760
	)
	if !(0 <= p && p <= 1) {
		t.fail(fmt.Errorf("rng: Torch.Dropout: want a probability to keep in [0, 1], got %g", p))
		return
	}
	if len(keep) == 0 {
		return
	}
	x := uint64(t.gen.uint32()) % modulus
	if x == 0 {
		x = 1
	}
	for i := range keep {
		keep[i] = float64(int64(x))/modulus < p
		x = x * multiplier % modulus
	}
	t.sync()
}

// DropoutSeeds fills dst with the draws that seed as many calls of [Torch.Dropout], for
// masks that a compiled program computes.
func (t *Torch) DropoutSeeds(dst []uint32) {
	for i := range dst {
		dst[i] = t.gen.uint32()
	}
	t.sync()
}

// RandInts fills dst with values in [0, n), as torch.randint(0, n, (len(dst),)) does. Each
// value is a draw modulo n. From n = 2²⁸ it is two draws modulo n, the first in the upper
// half, since one draw modulo a large n would favor small values.
//
// Err reports an n outside 1 … 2³¹.
func (t *Torch) RandInts(dst []int32, n int) {
	if n < 1 || uint64(n) > 1<<31 {
		t.fail(fmt.Errorf("rng: Torch.RandInts: want 1 ≤ n ≤ 2³¹, got %d", n))
		return
	}
	for i := range dst {
		if n < 1<<28 {
			dst[i] = int32(t.gen.uint32() % uint32(n))
		} else {
			dst[i] = int32(t.gen.uint64() % uint64(n))
		}
	}
	t.sync()
}

// BaseSeed returns torch.empty((), dtype=torch.int64).random_(): two draws, the
// first in the upper half, without the sign bit. A DataLoader draws its base seed
// like this at the start of each epoch, even if nothing uses it.
func (t *Torch) BaseSeed() int64 {
	seed := int64(t.gen.uint64() & math.MaxInt64)
	t.sync()
	return seed
}
