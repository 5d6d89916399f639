// Package optim holds the assignment's update rules: SGD, Momentum, RMSProp and Adam. Their numbers agree
// with the originals' to float32 rounding. They fit GoMLX's optimizer.Interface and can stand wherever
// GoMLX's own can.
//
// A rule is a plain struct of settings. What it has to remember, its learning rate included, lives in the
// model's store below the rule's Name, where checkpoints find it. Two rules of one store need two names.
//
// In the formulas w is a parameter, g its gradient and lr the learning rate; products, quotients and roots
// are taken element by element.
package optim

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/optimizer"
)

// Rule is an update rule as GoMLX graph code.
type Rule interface {
	optimizer.Interface
	// UpdateGraphWithGradients adds one step along gradients that are there already, one for each trainable
	// variable below scope that the graph uses, in the order in which scope lists them.
	UpdateGraphWithGradients(scope *model.Scope, grads []*Node, lossDType dtypes.DType)
	// Variables lists what the rule remembers when it changes vars, its learning rate included. What is not there
	// yet is made, as the first step would make it: a loop inside a graph needs its variables beforehand.
	Variables(store *model.Store, vars []*model.Variable) []*model.Variable
}

// ByName returns the rule of that name: the course's sgd, sgd_momentum, rmsprop and adam, or PyTorch's torch_adam. It keeps its variables
// below /name, or below the rule's own name if name is empty. A learning rate of 0 means the rule's default.
func ByName(rule, name string, learningRate float64) (Rule, error) {
	rules := map[string]Rule{
		"sgd":          SGD{Name: name, LearningRate: learningRate},
		"sgd_momentum": Momentum{Name: name, LearningRate: learningRate},
		"rmsprop":      RMSProp{Name: name, LearningRate: learningRate},
		"adam":         Adam{Name: name, LearningRate: learningRate, EpsilonHat: true},
		"torch_adam":   Adam{Name: name, LearningRate: learningRate},
	}
	r, ok := rules[rule]
	if !ok {
		return nil, fmt.Errorf("optim: there is no update rule %q; choose one of %s", rule, strings.Join(slices.Sorted(maps.Keys(rules)), ", "))
	}
	if !isFactor(learningRate) {
		return nil, fmt.Errorf("optim: %s cannot learn at the rate %g; give a positive number, or 0 for the default", rule, learningRate)
	}
	return r, nil
}

// isFactor tells whether x can be a learning rate, or what one is multiplied by.
func isFactor(x float64) bool { return x >= 0 && !math.IsInf(x, 0) }

// Update adds one step of rule for variables below scope, along the gradients that stand beside them in
// grads. It is for code that has its gradients in the order of its own parameters instead of scope's.
//
// It panics, as graph functions do, unless vars are the trainable variables below scope that the graph uses.
func Update(rule Rule, scope *model.Scope, vars []*model.Variable, grads []*Node) {
	if len(vars) != len(grads) || len(grads) == 0 {
		panic(fmt.Errorf("optim: %d gradients for %d variables of scope %s; give one for each", len(grads), len(vars), scope.Scope()))
	}
	if i := slices.Index(grads, nil); i >= 0 {
		panic(fmt.Errorf("optim: the gradient of the variable %s is nil; give one for each", vars[i].Path()))
	}
	of := make(map[*model.Variable]*Node)
	for i, v := range vars {
		of[v] = grads[i]
	}
	var ordered []*Node
	for _, v := range learners(scope, grads[0].Graph()) {
		grad, ok := of[v]
		if !ok {
			panic(fmt.Errorf("optim: no gradient for the variable %s; give one, or make it untrainable", v.Path()))
		}
		ordered = append(ordered, grad)
	}
	if len(ordered) != len(of) {
		panic(fmt.Errorf("optim: gradients for %d variables, but scope %s has %d that are trainable and used by the graph", len(of), scope.Scope(), len(ordered)))
	}
	rule.UpdateGraphWithGradients(scope, ordered, ordered[0].DType())
}

// LearningRate tells the learning rate of the rule that keeps its variables below /name.
func LearningRate(store *model.Store, name string) (float64, error) {
	v, err := rateVariable(store, name)
	if err != nil {
		return 0, err
	}
	value, err := v.Value()
	if err != nil {
		return 0, fmt.Errorf("optim: the learning rate of %s: %w", name, err)
	}
	return tensors.ToScalar[float64](value), nil
}

// ScaleLearningRate multiplies the learning rate of the rule that keeps its variables below /name. The
// compiled step takes the new rate from its next call on; a checkpoint holds it.
//
// It is an error before the first step, which is when the rate enters the store.
func ScaleLearningRate(store *model.Store, name string, factor float64) error {
	if !isFactor(factor) {
		return fmt.Errorf("optim: the learning rate of %s cannot be multiplied by %g; give a positive number", name, factor)
	}
	rate, err := LearningRate(store, name)
	if err != nil {
		return err
	}
	v, err := rateVariable(store, name)
	if err != nil {
		return err
	}
	if err := v.SetValue(tensors.FromScalar(rate * factor)); err != nil {
		return fmt.Errorf("optim: the learning rate of %s: %w", name, err)
	}
	return nil
}

func ratePath(name string) string { return "/" + name + "/learning_rate" }

func rateVariable(store *model.Store, name string) (*model.Variable, error) {
	v := store.GetVariable(ratePath(name))
	if v == nil || v.DType() != dtypes.Float64 || !v.Shape().IsScalar() {
		return nil, fmt.Errorf("optim: no learning rate at %s; take a step first, or check the rule's name", ratePath(name))
	}
	return v, nil
}

// forget deletes what the rule of that name keeps in the store.
func forget(scope *model.Scope, name string) error {
	if err := scope.Store().DeleteVariablesInScope("/" + name); err != nil {
		return fmt.Errorf("optim: the variables of %s are still there: %w", name, err)
	}
	return nil
}

// learners lists the variables below scope that a step of the graph changes.
func learners(scope *model.Scope, g *Graph) []*model.Variable {
	var vars []*model.Variable
	for v := range scope.IterVariables() {
		if v.Trainable && v.InUseByGraph(g) {
			vars = append(vars, v)
		}
	}
	return vars
}

// gradients differentiates loss with respect to the variables that a step changes, in scope's order.
func gradients(scope *model.Scope, loss *Node) []*Node {
	return scope.BuildTrainableVariablesGradientsGraph(loss)
}

// memory says what a rule remembers from step to step, below /name.
type memory struct {
	name   string
	rate   float64  // the learning rate that it begins with
	counts bool     // whether it counts its steps
	arrays []string // what it keeps for every parameter, of the parameter's shape, zero before the first step
}

// learningRate is a variable, so that it can change without a new compilation. An existing one, such as a
// checkpoint brings, keeps its value.
func (m memory) learningRate(store *model.Store) *model.Variable {
	return store.VariableWithValue(ratePath(m.name), m.rate).SetTrainable(false)
}

func (m memory) counter(store *model.Store) *model.Variable {
	return store.VariableWithValue("/"+m.name+"/step", 0.0).SetTrainable(false)
}

// array begins with zeros that the host makes: GoMLX's initializer would have XLA compile a program for them.
func (m memory) array(store *model.Store, of *model.Variable, name string) *model.Variable {
	path := model.JoinPath("/"+m.name, of.Path(), name)
	return store.VariableWithValue(path, tensors.FromShape(of.Shape())).SetTrainable(false)
}

func (m memory) variables(store *model.Store, of []*model.Variable) []*model.Variable {
	all := []*model.Variable{m.learningRate(store)}
	if m.counts {
		all = append(all, m.counter(store))
	}
	for _, v := range of {
		for _, name := range m.arrays {
			all = append(all, m.array(store, v, name))
		}
	}
	return all
}

// step is what the rules share: one step of one rule, on its way into a graph.
type step struct {
	memory
	store *model.Store
	vars  []*model.Variable
	grads []*Node // of vars, in their order
}

func newStep(m memory, scope *model.Scope, grads []*Node) *step {
	s := &step{memory: m, store: scope.Store(), grads: grads}
	if len(grads) > 0 {
		s.vars = learners(scope, s.graph())
	}
	if len(grads) == 0 || len(grads) != len(s.vars) {
		panic(fmt.Errorf("optim: %s gets %d gradients for the %d trainable variables of scope %s that the graph uses; give one for each", m.name, len(grads), len(s.vars), scope.Scope()))
	}
	return s
}

func (s *step) graph() *Graph { return s.grads[0].Graph() }

// rate is the learning rate, a float64 scalar.
func (s *step) rate() *Node { return s.learningRate(s.store).NodeValue(s.graph()) }

// each replaces every variable by what next makes of its value w and its gradient. The arrays that the rule
// remembers come in the order of memory, and next returns what they become.
func (s *step) each(next func(w, grad *Node, arrays []*Node) (*Node, []*Node)) {
	g := s.graph()
	for i, v := range s.vars {
		var kept []*model.Variable
		var arrays []*Node
		for _, name := range s.arrays {
			a := s.array(s.store, v, name)
			kept, arrays = append(kept, a), append(arrays, a.NodeValue(g))
		}
		w, arrays := next(v.NodeValue(g), s.grads[i], arrays)
		v.SetNodeValue(w)
		for j, a := range kept {
			a.SetNodeValue(arrays[j])
		}
	}
}

// like brings a float64 scalar to the type of a parameter.
func like(w, scalar *Node) *Node { return ConvertDType(scalar, w.DType()) }
