package optim

import (
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// Cosine multiplies the learning rate by a factor that rises linearly over the first Warmup steps, and falls along half a
// cosine from 1 to Final over the first Steps steps. At step t = 1, 2, … the factor is
//
//	min(1, t/Warmup) · (Final + (1 − Final)·(1 + cos(π·min(1, (t−1)/Steps)))/2)
//
// After Steps steps the second part stays at Final. The zero value of Cosine is the constant 1.
//
// Without warm-up it is torch.optim.lr_scheduler.CosineAnnealingLR with T_max = Steps and eta_min = Final·lr.
// Source: Loshchilov and Hutter 2016, https://arxiv.org/abs/1608.03983.
type Cosine struct {
	Warmup int     // number of steps with a rising factor; 0 means no warm-up
	Steps  int     // length of the cosine; 0 means a constant factor after the warm-up
	Final  float64 // factor at the end of the cosine, in [0, 1]
}

// scale multiplies the learning rate by the factor at step t. Both are float64 scalars. It panics if a field is wrong.
func (c Cosine) scale(lr, t *Node) *Node {
	if c.Warmup < 0 || c.Steps < 0 || !(0 <= c.Final && c.Final <= 1) {
		panic(fmt.Errorf("optim: the schedule has Warmup %d, Steps %d and Final %g; give numbers of steps ≥ 0 and a factor in [0, 1]",
			c.Warmup, c.Steps, c.Final))
	}
	part := func(t *Node, of int) *Node { return MinScalar(DivScalar(t, float64(of)), 1) }
	if c.Warmup > 0 {
		lr = Mul(lr, part(t, c.Warmup))
	}
	if c.Steps > 0 {
		wave := Cos(MulScalar(part(AddScalar(t, -1), c.Steps), math.Pi))
		lr = Mul(lr, AddScalar(MulScalar(AddScalar(wave, 1), (1-c.Final)/2), c.Final))
	}
	return lr
}
