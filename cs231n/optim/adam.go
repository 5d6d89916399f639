package optim

import (
	"cmp"
	"fmt"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// Adam divides a running mean m of the gradients by their running root mean square √v. Both are corrected for the
// bias of their initial zeros. At step t = 1, 2, …:
//
//	m ← m + (1 − β₁)·(g − m)        v ← β₂·v + (1 − β₂)·g²
//
// The first update is torch.optim.Adam's, the second is the course's, for EpsilonHat:
//
//	w ← w − lr/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + ε)        ε is added to the corrected √v
//	w ← w − lr·√(1 − β₂ᵗ)/(1 − β₁ᵗ) · m / (√v + ε)        ε is added to √v itself
//
// In the second form ε is effectively up to 32 times larger in the first steps, since 1/√(1 − 0.999) is 31.6. This matters
// for gradients near ε.
//
// GoMLX's Adam computes the first form with 1 − β₂ᵗ in float32. In the first steps this leaves five of seven digits:
// 1 − 0.999² is 0.002 with an error of 3e-8. A GAN's losses then change within ten iterations. Here both corrections are
// float64 scalars, as in PyTorch.
//
// The graph functions panic if a β is outside [0, 1).
//
// Source: Kingma and Ba 2014, https://arxiv.org/abs/1412.6980.
type Adam struct {
	Name         string     // scope of its state; empty means adam
	LearningRate float64    // 0 means 1e-3
	Betas        [2]float64 // β₁ and β₂, each in [0, 1); the zero value means 0.9 and 0.999
	Epsilon      float64    // ε; 0 means 1e-8
	// EpsilonHat selects the second form. Section 2 of the paper calls its ε epsilon hat.
	EpsilonHat bool
	// Schedule changes lr by the step counter t. The learning rate in the store does not change.
	Schedule Cosine
}

var _ Rule = Adam{}

// UpdateGraph adds one step that minimizes loss, a scalar, for the trainable variables below scope.
func (r Adam) UpdateGraph(scope *model.Scope, _ *Graph, loss *Node) {
	r.UpdateGraphWithGradients(scope, gradients(scope, loss), loss.DType())
}

// UpdateGraphWithGradients implements [Rule].
func (r Adam) UpdateGraphWithGradients(scope *model.Scope, grads []*Node, _ dtypes.DType) {
	s := newStep(r.slots(), scope, grads)
	g := s.graph()
	beta1, beta2 := r.betas()
	epsilon := cmp.Or(r.Epsilon, 1e-8)

	counter := s.counter(s.store)
	t := AddScalar(counter.NodeValue(g), 1)
	counter.SetNodeValue(t)
	correction := func(beta float64) *Node { return OneMinus(Pow(Scalar(g, dtypes.Float64, beta), t)) }
	rate := Div(r.Schedule.scale(s.lr(), t), correction(beta1))
	root := Sqrt(correction(beta2))
	if r.EpsilonHat {
		rate = Mul(rate, root)
	}

	s.update(func(w, grad *Node, moments []*Node) (*Node, []*Node) {
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
func (r Adam) Clear(scope *model.Scope) error { return deleteState(scope, r.slots().name) }

// Variables implements [Rule].
func (r Adam) Variables(store *model.Store, vars []*model.Variable) []*model.Variable {
	return r.slots().variables(store, vars)
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

// lerp returns from + weight·(to − from). Like torch.lerp it computes a large weight from the other end, so a weight of 1
// returns to exactly.
func lerp(from, to *Node, weight float64) *Node {
	difference := Sub(to, from)
	if weight > 0.5 {
		return Sub(to, MulScalar(difference, 1-weight))
	}
	return Add(from, MulScalar(difference, weight))
}

func (r Adam) slots() slots {
	return slots{
		name: cmp.Or(r.Name, "adam"), rate: cmp.Or(r.LearningRate, 1e-3), counts: true, perParam: []string{"exp_avg", "exp_avg_sq"},
	}
}
