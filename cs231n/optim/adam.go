package optim

import (
	"cmp"
	"fmt"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// Adam divides the running mean m of the gradients by the running root mean square √v, both freed of
// their bias towards the zeros with which they start (Kingma and Ba 2014,
// https://arxiv.org/abs/1412.6980). At step t = 1, 2, …:
//
//	m ← m + (1 − β₁)·(g − m)        v ← β₂·v + (1 − β₂)·g²
//
// It ends as torch.optim.Adam does, or with EpsilonHat as the course does:
//
//	w ← w − lr/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + ε)        ε beside the unbiased √v
//	w ← w − lr·√(1 − β₂ᵗ)/(1 − β₁ᵗ) · m / (√v + ε)        ε beside √v as it is
//
// In the second form ε counts up to 32 times as much in the first steps (1/√(1 − 0.999) is 31.6), which
// shows where gradients are about as small as ε.
//
// GoMLX's Adam computes the first form, but takes 1 − β₂ᵗ from a float32 power. In the first steps that
// leaves five of seven digits (1 − 0.999² is 0.002 with an error of 3e-8), which is enough to send a GAN
// onto another path within ten iterations. Here both corrections are float64 scalars, as in PyTorch.
type Adam struct {
	Name         string     // scope of the moments, the step count and the learning rate; empty means adam
	LearningRate float64    // 0 means 1e-3
	Betas        [2]float64 // β₁ and β₂, each in [0, 1); the zero value means 0.9 and 0.999
	Epsilon      float64    // ε; 0 means 1e-8
	// EpsilonHat adds ε as the course does. The name is that of section 2 of the paper, which calls it ε̂ there.
	EpsilonHat bool
}

var _ Rule = Adam{}

// UpdateGraph adds one step that lowers loss, a scalar, for all trainable variables below scope.
func (r Adam) UpdateGraph(scope *model.Scope, _ *Graph, loss *Node) {
	r.UpdateGraphWithGradients(scope, gradients(scope, loss), loss.DType())
}

// UpdateGraphWithGradients implements [Rule].
func (r Adam) UpdateGraphWithGradients(scope *model.Scope, grads []*Node, _ dtypes.DType) {
	s := newStep(r.memory(), scope, grads)
	g := s.graph()
	beta1, beta2 := r.betas()
	epsilon := cmp.Or(r.Epsilon, 1e-8)

	counter := s.counter(s.store)
	t := AddScalar(counter.NodeValue(g), 1)
	counter.SetNodeValue(t)
	correction := func(beta float64) *Node { return OneMinus(Pow(Scalar(g, dtypes.Float64, beta), t)) }
	rate := Div(s.rate(), correction(beta1))
	root := Sqrt(correction(beta2))
	if r.EpsilonHat {
		rate = Mul(rate, root)
	}

	s.each(func(w, grad *Node, moments []*Node) (*Node, []*Node) {
		m := lerp(moments[0], grad, 1-beta1)
		v := Add(MulScalar(moments[1], beta2), MulScalar(Square(grad), 1-beta2))
		size := Sqrt(v)
		if !r.EpsilonHat {
			size = Mul(size, like(w, Reciprocal(root)))
		}
		return Sub(w, Mul(like(w, rate), Div(m, AddScalar(size, epsilon)))), []*Node{m, v}
	})
}

// Clear deletes moments, step count and learning rate from the store.
func (r Adam) Clear(scope *model.Scope) error { return forget(scope, r.memory().name) }

// Variables implements [Rule].
func (r Adam) Variables(store *model.Store, vars []*model.Variable) []*model.Variable {
	return r.memory().variables(store, vars)
}

// betas returns β₁ and β₂. It panics if one is outside [0, 1).
func (r Adam) betas() (beta1, beta2 float64) {
	betas := cmp.Or(r.Betas, [2]float64{0.9, 0.999})
	for _, beta := range betas {
		if !(0 <= beta && beta < 1) {
			panic(fmt.Errorf("optim: the Betas of Adam are %v; give two numbers in [0, 1), such as {0.9, 0.999}", betas))
		}
	}
	return betas[0], betas[1]
}

// lerp returns from + weight·(to − from). As torch.lerp, it computes a weight above ½ from the other end: the
// rounding error of the difference must not exceed to, and a weight of 1 must give to.
func lerp(from, to *Node, weight float64) *Node {
	difference := Sub(to, from)
	if weight > 0.5 {
		return Sub(to, MulScalar(difference, 1-weight))
	}
	return Add(from, MulScalar(difference, weight))
}

func (r Adam) memory() memory {
	return memory{
		name: cmp.Or(r.Name, "adam"), rate: cmp.Or(r.LearningRate, 1e-3), counts: true, arrays: []string{"exp_avg", "exp_avg_sq"},
	}
}
