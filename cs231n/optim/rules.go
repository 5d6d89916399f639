package optim

import (
	"cmp"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// SGD is plain gradient descent:
//
//	w ← w − lr·g
//
// Source: https://cs231n.github.io/neural-networks-3/#sgd
type SGD struct {
	Name         string  // scope of its learning rate; empty means sgd
	LearningRate float64 // 0 means 1e-2
}

var _ Rule = SGD{}

// UpdateGraph adds one step that lowers loss, a scalar, for all trainable variables below scope.
func (r SGD) UpdateGraph(scope *model.Scope, _ *Graph, loss *Node) {
	r.UpdateGraphWithGradients(scope, gradients(scope, loss), loss.DType())
}

// UpdateGraphWithGradients implements [Rule].
func (r SGD) UpdateGraphWithGradients(scope *model.Scope, grads []*Node, _ dtypes.DType) {
	s := newStep(r.name(), scope, grads)
	rate := s.learningRate(cmp.Or(r.LearningRate, 1e-2))
	s.each(func(w, grad *Node, _ keep) *Node {
		return Sub(w, Mul(like(w, rate), grad))
	})
}

// Clear deletes the learning rate from the store, so that the next graph starts from LearningRate.
func (r SGD) Clear(scope *model.Scope) error { return forget(scope, r.name()) }

func (r SGD) name() string { return cmp.Or(r.Name, "sgd") }

// Momentum is gradient descent with a velocity v, which goes on in the direction of earlier steps:
//
//	v ← μ·v − lr·g        w ← w + v
//
// Source: https://cs231n.github.io/neural-networks-3/#sgd
type Momentum struct {
	Name         string  // scope of its variables; empty means sgd_momentum
	LearningRate float64 // 0 means 1e-2
	Momentum     float64 // μ; 0 means 0.9 (SGD is the rule without one)
}

var _ Rule = Momentum{}

// UpdateGraph adds one step that lowers loss, a scalar, for all trainable variables below scope.
func (r Momentum) UpdateGraph(scope *model.Scope, _ *Graph, loss *Node) {
	r.UpdateGraphWithGradients(scope, gradients(scope, loss), loss.DType())
}

// UpdateGraphWithGradients implements [Rule].
func (r Momentum) UpdateGraphWithGradients(scope *model.Scope, grads []*Node, _ dtypes.DType) {
	s := newStep(r.name(), scope, grads)
	rate := s.learningRate(cmp.Or(r.LearningRate, 1e-2))
	s.each(func(w, grad *Node, keep keep) *Node {
		return Add(w, keep("velocity", func(v *Node) *Node {
			return Sub(MulScalar(v, cmp.Or(r.Momentum, 0.9)), Mul(like(w, rate), grad))
		}))
	})
}

// Clear deletes velocities and learning rate from the store.
func (r Momentum) Clear(scope *model.Scope) error { return forget(scope, r.name()) }

func (r Momentum) name() string { return cmp.Or(r.Name, "sgd_momentum") }

// RMSProp divides each element's step by the size that its gradients had of late:
//
//	cache ← d·cache + (1 − d)·g²        w ← w − lr·g / (√cache + ε)
//
// Source: https://cs231n.github.io/neural-networks-3/#ada, after slide 29 of
// http://www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf
type RMSProp struct {
	Name         string  // scope of its variables; empty means rmsprop
	LearningRate float64 // 0 means 1e-2
	Decay        float64 // d; 0 means 0.99
	Epsilon      float64 // ε; 0 means 1e-8
}

var _ Rule = RMSProp{}

// UpdateGraph adds one step that lowers loss, a scalar, for all trainable variables below scope.
func (r RMSProp) UpdateGraph(scope *model.Scope, _ *Graph, loss *Node) {
	r.UpdateGraphWithGradients(scope, gradients(scope, loss), loss.DType())
}

// UpdateGraphWithGradients implements [Rule].
func (r RMSProp) UpdateGraphWithGradients(scope *model.Scope, grads []*Node, _ dtypes.DType) {
	s := newStep(r.name(), scope, grads)
	rate := s.learningRate(cmp.Or(r.LearningRate, 1e-2))
	decay := cmp.Or(r.Decay, 0.99)
	s.each(func(w, grad *Node, keep keep) *Node {
		cache := keep("cache", func(cache *Node) *Node {
			return Add(MulScalar(cache, decay), MulScalar(Square(grad), 1-decay))
		})
		return Sub(w, Div(Mul(like(w, rate), grad), AddScalar(Sqrt(cache), cmp.Or(r.Epsilon, 1e-8))))
	})
}

// Clear deletes caches and learning rate from the store.
func (r RMSProp) Clear(scope *model.Scope) error { return forget(scope, r.name()) }

func (r RMSProp) name() string { return cmp.Or(r.Name, "rmsprop") }
