package rng

import (
	"encoding"
	"fmt"
	"math"
)

// DefaultTorchSeed is the seed of a PyTorch process that never calls
// torch.manual_seed.
const DefaultTorchSeed = 67280421310721

// Torch is PyTorch's random stream on the CPU. Make one with [NewTorch] or
// [OpenTorch]; the zero value must be seeded or restored first.
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

// OpenTorch returns the stream whose state the file holds, or the stream of
// [DefaultTorchSeed] if there is no such file, and keeps the file up to date from
// then on.
func OpenTorch(path string) (*Torch, error) {
	t := NewTorch(DefaultTorchSeed)
	if err := t.open(path); err != nil {
		return nil, err
	}
	return t, nil
}

// Seed is torch.manual_seed. Like PyTorch's CPU generator it looks at the low 32
// bits alone. It also drops the normal value kept by an earlier [Torch.Normal].
func (t *Torch) Seed(seed uint64) {
	t.gen.seed(uint32(seed))
	t.seeded(torchKind)
}

// UnmarshalBinary takes over a state made by MarshalBinary, and writes it to the
// file if the stream is bound to one. A state that is damaged or not that of a
// Torch stream is an error and leaves the stream as it was. It implements
// [encoding.BinaryUnmarshaler].
func (t *Torch) UnmarshalBinary(data []byte) error { return t.restore(torchKind, data) }

// Uniform fills dst as dst.uniform_(from, to) does, and as torch.rand does for 0
// and 1:
//
//	x = (draw mod 2²⁴)/2²⁴ · (to−from) + from
//
// one draw each. The bounds and their difference are rounded to float32, the rest
// is float64 with one rounding at the end.
//
// Bounds that are not from ≤ to, or that float32 cannot hold, go to Err.
func (t *Torch) Uniform(dst []float32, from, to float64) {
	if err := checkBounds(from, to); err != nil {
		t.fail(fmt.Errorf("rng: Torch.Uniform: %w", err))
		return
	}
	t.uniform(dst, float32(from), float32(to))
	t.sync()
}

// checkBounds refuses what uniform_ refuses for a tensor of type float32.
func checkBounds(from, to float64) error {
	const most = math.MaxFloat32
	if !(-most <= from && from <= to && to <= most && to-from <= most) {
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

// Dropout fills keep as bernoulli_(p) fills a tensor, whatever its type: element i
// is kept with probability p, one minus the dropout rate. One draw s starts a
// multiplicative congruential sequence (MCG31m1):
//
//	x₀ = s mod (2³¹−1), or 1 if that is 0;  xᵢ₊₁ = 1132489760·xᵢ mod (2³¹−1)
//	keep[i] = xᵢ/(2³¹−1) < p
//
// An empty keep draws nothing. With a rate of 0 PyTorch's dropout layers do not
// call bernoulli_ at all, so their Go counterparts must not call Dropout either.
// A p outside of [0, 1] goes to Err.
//
// This is the stream that PyTorch's builds with MKL had for years, and that the
// assignment's printed outputs come from. PyTorch 2.15 draws otherwise.
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

// DropoutSeeds makes the draws that as many calls of [Torch.Dropout] would start from, for masks that are made
// elsewhere.
func (t *Torch) DropoutSeeds(dst []uint32) {
	for i := range dst {
		dst[i] = t.gen.uint32()
	}
	t.sync()
}

// BaseSeed returns torch.empty((), dtype=torch.int64).random_(): two draws, the
// first one in the upper half, without the sign bit. Iterating over a DataLoader
// draws its base seed in this way each time an epoch starts, whether or not
// anything uses that seed.
func (t *Torch) BaseSeed() int64 {
	seed := int64(t.gen.uint64() & math.MaxInt64)
	t.sync()
	return seed
}
