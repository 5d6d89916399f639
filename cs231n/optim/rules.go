package optim

import (
	"cmp"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// SGD is stochastic gradient descent:
//
//	w ← w − lr·g
//
// Source: https://cs231n.github.io/neural-networks-3/#sgd
type SGD struct {
	Name         string  // scope of its learning rate; empty means sgd
	LearningRate float64 // 0 means 1e-2
}

var _ Rule = SGD{}

// UpdateGraph adds one step that minimizes loss, a scalar, for the trainable variables below scope.
func (r SGD) UpdateGraph(scope *model.Scope, _ *Graph, loss *Node) {
	r.UpdateGraphWithGradients(scope, gradients(scope, loss), loss.DType())
}

// UpdateGraphWithGradients implements [Rule].
func (r SGD) UpdateGraphWithGradients(scope *model.Scope, grads []*Node, _ dtypes.DType) {
	s := newStep(r.slots(), scope, grads)
	rate := s.lr()
	s.update(func(w, grad *Node, _ []*Node) (*Node, []*Node) {
		return Sub(w, Mul(like(w, rate), grad)), nil
	})
}

// Clear deletes the learning rate from the store. The next graph starts with LearningRate again.
func (r SGD) Clear(scope *model.Scope) error { return deleteState(scope, r.slots().name) }

// Variables implements [Rule].
func (r SGD) Variables(store *model.Store, vars []*model.Variable) []*model.Variable {
	return r.slots().variables(store, vars)
}

func (r SGD) slots() slots {
	return slots{name: cmp.Or(r.Name, "sgd"), rate: cmp.Or(r.LearningRate, 1e-2)}
}

// Momentum is gradient descent with a velocity v, a decaying sum of earlier steps:
//
//	v ← μ·v − lr·g        w ← w + v
//
// Source: https://cs231n.github.io/neural-networks-3/#sgd
type Momentum struct {
	Name         string  // scope of its state; empty means sgd_momentum
	LearningRate float64 // 0 means 1e-2
	Momentum     float64 // μ; 0 means 0.9 (use SGD for none)
}

var _ Rule = Momentum{}

// UpdateGraph adds one step that minimizes loss, a scalar, for the trainable variables below scope.
func (r Momentum) UpdateGraph(scope *model.Scope, _ *Graph, loss *Node) {
	r.UpdateGraphWithGradients(scope, gradients(scope, loss), loss.DType())
}

// UpdateGraphWithGradients implements [Rule].
func (r Momentum) UpdateGraphWithGradients(scope *model.Scope, grads []*Node, _ dtypes.DType) {
	s := newStep(r.slots(), scope, grads)
	rate := s.lr()
	s.update(func(w, grad *Node, velocity []*Node) (*Node, []*Node) {
		v := Sub(MulScalar(velocity[0], cmp.Or(r.Momentum, 0.9)), Mul(like(w, rate), grad))
		return Add(w, v), []*Node{v}
	})
}

// Clear deletes velocities and learning rate from the store.
func (r Momentum) Clear(scope *model.Scope) error { return deleteState(scope, r.slots().name) }

// Variables implements [Rule].
func (r Momentum) Variables(store *model.Store, vars []*model.Variable) []*model.Variable {
	return r.slots().variables(store, vars)
}

func (r Momentum) slots() slots {
	return slots{name: cmp.Or(r.Name, "sgd_momentum"), rate: cmp.Or(r.LearningRate, 1e-2), perParam: []string{"velocity"}}
}

// RMSProp divides each step by a running root mean square of the gradients:
//
//	cache ← d·cache + (1 − d)·g²        w ← w − lr·g / (√cache + ε)
//
// Source: https://cs231n.github.io/neural-networks-3/#ada, after slide 29 of
// http://www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf
type RMSProp struct {
	Name         string  // scope of its state; empty means rmsprop
	LearningRate float64 // 0 means 1e-2
	Decay        float64 // d; 0 means 0.99
	Epsilon      float64 // ε; 0 means 1e-8
}

var _ Rule = RMSProp{}

// UpdateGraph adds one step that minimizes loss, a scalar, for the trainable variables below scope.
func (r RMSProp) UpdateGraph(scope *model.Scope, _ *Graph, loss *Node) {
	r.UpdateGraphWithGradients(scope, gradients(scope, loss), loss.DType())
}

// UpdateGraphWithGradients implements [Rule].
func (r RMSProp) UpdateGraphWithGradients(scope *model.Scope, grads []*Node, _ dtypes.DType) {
	s := newStep(r.slots(), scope, grads)
	rate := s.lr()
	decay := cmp.Or(r.Decay, 0.99)
	s.update(func(w, grad *Node, caches []*Node) (*Node, []*Node) {
		cache := Add(MulScalar(caches[0], decay), MulScalar(Square(grad), 1-decay))
		return Sub(w, Div(Mul(like(w, rate), grad), AddScalar(Sqrt(cache), cmp.Or(r.Epsilon, 1e-8)))), []*Node{cache}
	})
}

// Clear deletes caches and learning rate from the store.
func (r RMSProp) Clear(scope *model.Scope) error { return deleteState(scope, r.slots().name) }

// Variables implements [Rule].
func (r RMSProp) Variables(store *model.Store, vars []*model.Variable) []*model.Variable {
	return r.slots().variables(store, vars)
}

func (r RMSProp) slots() slots {
	return slots{name: cmp.Or(r.Name, "rmsprop"), rate: cmp.Or(r.LearningRate, 1e-2), perParam: []string{"cache"}}
}
