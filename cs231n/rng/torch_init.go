package rng

import "math"

// DefaultInit draws weight, then bias, with the default initialization of PyTorch's
// Linear, Conv2d and ConvTranspose2d: both uniform in ±1/√fanIn. It computes the bound
// of the weight as kaiming_uniform with a = √5 does, which gives the same last bit.
func (t *Torch) DefaultInit(weight, bias []float32, fanIn int) {
	a := math.Sqrt(5)
	gain := math.Sqrt(2 / (1 + a*a))
	bound := math.Sqrt(3) * (gain / math.Sqrt(float64(fanIn)))
	t.Uniform(weight, -bound, bound)
	bound = 1 / math.Sqrt(float64(fanIn))
	t.Uniform(bias, -bound, bound)
}
