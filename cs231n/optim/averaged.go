package optim

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// Averaged adds a moving average a of each parameter w to a rule. After the rule's step t = 1, 2, …
//
//	a ← d·a + (1 − d)·w        d = min(Decay, t/(9 + t))
//
// The average starts at the initial parameters. The smaller d of the first steps makes it forget them. Diffusion models and
// GANs sample with averaged parameters, since those of a single step are noisy.
//
// The average of the parameter /net/0/weight is the variable /average/net/0/weight, so a checkpoint has the averages of
// scope net in scope average/net.
//
// The graph functions panic without a Rule, or if Decay is outside (0, 1).
//
// Source: torch.optim.swa_utils.get_ema_avg_fn of PyTorch with a constant d, and tf.train.ExponentialMovingAverage of
// TensorFlow with this d for num_updates = t − 1.
type Averaged struct {
	Rule  Rule
	Name  string  // scope of its state; empty means average
	Decay float64 // 0 means 0.999
}

var _ Rule = Averaged{}

// UpdateGraph adds one step that minimizes loss, a scalar, for the trainable variables below scope.
func (r Averaged) UpdateGraph(scope *model.Scope, _ *Graph, loss *Node) {
	r.UpdateGraphWithGradients(scope, gradients(scope, loss), loss.DType())
}

// UpdateGraphWithGradients implements [Rule].
func (r Averaged) UpdateGraphWithGradients(scope *model.Scope, grads []*Node, lossDType dtypes.DType) {
	decay := cmp.Or(r.Decay, 0.999)
	if r.Rule == nil || !(0 < decay && decay < 1) {
		panic(fmt.Errorf("optim: Averaged has the rule %v and Decay %g; give a rule and a number in (0, 1), such as 0.999", r.Rule, decay))
	}
	s := newStep(slots{name: r.name()}, scope, grads)
	g := s.graph()
	averages := r.averages(s.store, s.vars) // before the first step: an average starts at the initial parameters
	r.Rule.UpdateGraphWithGradients(scope, grads, lossDType)

	counter := s.counter(s.store)
	t := AddScalar(counter.NodeValue(g), 1)
	counter.SetNodeValue(t)
	share := OneMinus(MinScalar(Div(t, AddScalar(t, 9)), decay)) // 1 − d
	for i, v := range s.vars {
		w, a := v.NodeValue(g), averages[i].NodeValue(g)
		averages[i].SetNodeValue(Add(a, Mul(like(w, share), Sub(w, a))))
	}
}

// Clear deletes the averages and the state of the rule from the store.
func (r Averaged) Clear(scope *model.Scope) error {
	if err := deleteState(scope, r.name()); err != nil {
		return err
	}
	return r.Rule.Clear(scope)
}

// Variables implements [Rule].
func (r Averaged) Variables(store *model.Store, vars []*model.Variable) []*model.Variable {
	own := append(r.averages(store, vars), slots{name: r.name()}.counter(store))
	return slices.Concat(r.Rule.Variables(store, vars), own)
}

func (r Averaged) name() string { return cmp.Or(r.Name, "average") }

// averages returns the averages of vars. Missing ones start at the current values of vars. It panics if one has no value.
func (r Averaged) averages(store *model.Store, vars []*model.Variable) []*model.Variable {
	averages := make([]*model.Variable, len(vars))
	for i, v := range vars {
		value, err := v.Value()
		if err == nil {
			value, err = value.LocalClone() // a variable frees its value when it gets another
		}
		if err != nil {
			panic(fmt.Errorf("optim: the average of %s starts at its value: %w", v.Path(), err))
		}
		averages[i] = store.VariableWithValue(model.JoinPath("/"+r.name(), v.Path()), value).SetTrainable(false)
	}
	return averages
}
