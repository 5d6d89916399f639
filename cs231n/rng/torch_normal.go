package rng

import (
	"fmt"
	"math"
)

// normalBlock is the number of values that PyTorch transforms together. It draws
// fewer values one pair at a time.
const normalBlock = 16

// Normal fills dst as dst.normal_(mean, std) does, and for 0 and 1 as torch.randn
// does. It is the Box-Muller transform, in two forms.
//
// Fewer than 16 values are computed in float64 from uniforms of 53 bits, which take two
// draws each:
//
//	r = √(−2·log(1−u₂)), θ = 2π·u₁;  first r·cos θ, then r·sin θ
//
// If this call does not use a second value, the next call returns it, even after other
// draws in between.
//
// For 16 values or more dst is filled with uniforms u. Then each block of 16 is
// transformed in float32, for j < 8:
//
//	r = √(−2·log(1−u[j])), θ = 2π·u[j+8];  x[j] = r·cos θ, x[j+8] = r·sin θ
//
// If len(dst) is not a multiple of 16, the last 16 values are drawn again and
// transformed: 40 values take 56 draws.
//
// In this second form the vector library of PyTorch for AVX2 and AVX-512 differs from
// Normal by up to 3 units in the last place. On other processors PyTorch also rounds θ
// differently.
//
// Err reports a std that is negative or NaN.
func (t *Torch) Normal(dst []float32, mean, std float64) {
	if !(std >= 0) {
		t.fail(fmt.Errorf("rng: Torch.Normal: want a standard deviation ≥ 0, got %g", std))
		return
	}
	if len(dst) < normalBlock {
		for i := range dst {
			dst[i] = float32(t.normal()*std + mean)
		}
		t.sync()
		return
	}

	t.uniform(dst, 0, 1)
	for block := dst; len(block) >= normalBlock; block = block[normalBlock:] {
		boxMuller(block[:normalBlock], float32(mean), float32(std))
	}
	if len(dst)%normalBlock != 0 {
		last := dst[len(dst)-normalBlock:]
		t.uniform(last, 0, 1)
		boxMuller(last, float32(mean), float32(std))
	}
	t.sync()
}

// normal returns one value of the standard normal distribution.
func (t *Torch) normal() float64 {
	if t.gen.Spared {
		t.gen.Spared = false
		return t.gen.Spare
	}
	u1, u2 := t.uniform53(), t.uniform53()
	r := math.Sqrt(-2 * math.Log1p(-u2))
	sin, cos := math.Sincos(2 * math.Pi * u1)
	t.gen.Spare, t.gen.Spared = r*sin, true
	return r * cos
}

// uniform53 returns a value in [0, 1) with 53 random bits.
func (t *Torch) uniform53() float64 {
	return float64(t.gen.uint64()&(1<<53-1)) / (1 << 53)
}

// boxMuller turns 16 uniforms into 16 normals. It converts to float32 wherever
// PyTorch's arithmetic rounds. PyTorch ends with a fused multiply-add, which rounds
// once.
func boxMuller(x []float32, mean, std float32) {
	const half = normalBlock / 2
	for j := range half {
		r := float32(math.Sqrt(float64(-2 * float32(math.Log(float64(1-x[j]))))))
		sin, cos := math.Sincos(float64(float32(2*math.Pi) * x[j+half]))
		x[j] = scale(r*float32(cos), mean, std)
		x[j+half] = scale(r*float32(sin), mean, std)
	}
}

// scale returns x·std + mean. The float64 product of two float32 is exact.
func scale(x, mean, std float32) float32 {
	return float32(float64(x)*float64(std) + float64(mean))
}
