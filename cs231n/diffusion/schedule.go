package diffusion

import (
	"fmt"
	"math"
)

// Schedule lists ᾱ for each step t = 0 … T−1 of the forward process: the share of the image's variance that is left after
// t + 1 times of adding noise. A step adds noise of variance β and shrinks the rest by √(1 − β), so ᾱ is the product of
// 1 − β over all steps so far.
type Schedule []float64

// Cosine is the schedule of Nichol and Dhariwal 2021, https://arxiv.org/abs/2102.09672, equation (17):
//
//	ᾱ(t) = f(t+1)/f(0)    f(t) = cos²(π/2·(t/T + 0.008)/1.008)
//
// with every β at most 0.999. It panics if steps is not positive.
func Cosine(steps int) Schedule {
	f := func(t int) float64 {
		c := math.Cos(math.Pi / 2 * (float64(t)/float64(steps) + 0.008) / 1.008)
		return c * c
	}
	return fromBetas(steps, func(t int) float64 { return min(1-f(t+1)/f(t), 0.999) })
}

// Linear is the schedule of Ho et al. 2020, section 4: β grows from 10⁻⁴ to 0.02 over 1000 steps. With another number of
// steps β is scaled, so the last ᾱ stays about the same. It panics if steps is less than 25, where β would exceed 1.
func Linear(steps int) Schedule {
	scale := 1000 / float64(steps)
	if steps < 25 {
		panic(fmt.Errorf("diffusion: a linear schedule of %d steps; choose at least 25", steps))
	}
	return fromBetas(steps, func(t int) float64 {
		return scale * (1e-4 + (0.02-1e-4)*float64(t)/float64(steps-1))
	})
}

// fromBetas multiplies 1 − β.
func fromBetas(steps int, beta func(t int) float64) Schedule {
	if steps < 1 {
		panic(fmt.Errorf("diffusion: a schedule of %d steps; choose at least 1", steps))
	}
	s, bar := make(Schedule, steps), 1.0
	for t := range s {
		bar *= 1 - beta(t)
		s[t] = bar
	}
	return s
}

// Beta returns the variance of the noise that step t adds.
func (s Schedule) Beta(t int) float64 {
	if t == 0 {
		return 1 - s[0]
	}
	return 1 - s[t]/s[t-1]
}
