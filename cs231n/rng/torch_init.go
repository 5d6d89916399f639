package rng

import "math"

// DefaultInit draws weight and bias as PyTorch's Linear, Conv2d and ConvTranspose2d do when they are
// built: both uniform in ±1/√fanIn, the weight first. (PyTorch reaches the weight's bound through
// kaiming_uniform with a = √5; the detour is repeated here for its last bit.)
func (t *Torch) DefaultInit(weight, bias []float32, fanIn int) {
	a := math.Sqrt(5)
	gain := math.Sqrt(2 / (1 + a*a))
	bound := math.Sqrt(3) * (gain / math.Sqrt(float64(fanIn)))
	t.Uniform(weight, -bound, bound)
	bound = 1 / math.Sqrt(float64(fanIn))
	t.Uniform(bias, -bound, bound)
}
