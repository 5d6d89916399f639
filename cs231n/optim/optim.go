// Package optim implements the assignment's optimizers: SGD, Momentum, RMSProp and Adam. Their steps agree with the
// originals' up to float32 rounding. They implement GoMLX's optimizer.Interface. [Cosine] is a schedule of Adam's learning
// rate, and [Averaged] adds moving averages of the parameters to any of them.
//
// A [Rule] is a struct of settings. Its state, including the learning rate, is in the model's store below the rule's Name,
// so checkpoints contain it. Two rules of one store need different names.
//
// In the formulas w is a parameter, g its gradient and lr the learning rate. Products, quotients and roots are
// elementwise.
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

// Rule is an optimizer. Its methods that build graphs panic on wrong arguments, as graph functions do.
type Rule interface {
	optimizer.Interface
	// UpdateGraphWithGradients adds one step. grads has one gradient for each trainable variable below scope that the graph
	// uses, in the order of scope.
	UpdateGraphWithGradients(scope *model.Scope, grads []*Node, lossDType dtypes.DType)
	// Variables returns the rule's state for the parameters vars, including the learning rate. It creates missing variables
	// with their initial values, since a loop in a graph needs them before its first step.
	Variables(store *model.Store, vars []*model.Variable) []*model.Variable
}

// ByName returns a rule: the course's sgd, sgd_momentum, rmsprop or adam, or PyTorch's torch_adam. Its state is
// below /name, or below the default name of its type if name is empty. A learning rate of 0 means the default.
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
		return nil, fmt.Errorf("optim: unknown update rule %q; choose one of %s", rule, strings.Join(slices.Sorted(maps.Keys(rules)), ", "))
	}
	if !isFactor(learningRate) {
		return nil, fmt.Errorf("optim: the learning rate of %s cannot be %g; give a positive number, or 0 for the default", rule, learningRate)
	}
	return r, nil
}

// isFactor reports whether x is a valid learning rate or factor of one.
func isFactor(x float64) bool { return x >= 0 && !math.IsInf(x, 0) }

// Update adds one step of rule, where grads[i] is the gradient of vars[i]. Unlike the methods of [Rule] it accepts the
// variables in any order.
//
// It panics if a gradient is nil, or if vars are not the trainable variables below scope that the graph uses.
func Update(rule Rule, scope *model.Scope, vars []*model.Variable, grads []*Node) {
	if len(vars) != len(grads) || len(grads) == 0 {
		panic(fmt.Errorf("optim: %d gradients for %d variables of scope %s; give one for each", len(grads), len(vars), scope.Scope()))
	}
	// GoMLX 0.28 waits forever for a program with a nil node.
	if i := slices.Index(grads, nil); i >= 0 {
		panic(fmt.Errorf("optim: the gradient of the variable %s is nil; give one for each", vars[i].Path()))
	}
	of := make(map[*model.Variable]*Node)
	for i, v := range vars {
		of[v] = grads[i]
	}
	var ordered []*Node
	for _, v := range trainable(scope, grads[0].Graph()) {
		grad, ok := of[v]
		if !ok {
			panic(fmt.Errorf("optim: no gradient for the variable %s; give one, or make it non-trainable", v.Path()))
		}
		ordered = append(ordered, grad)
	}
	if len(ordered) != len(of) {
		panic(fmt.Errorf("optim: gradients for %d variables, but scope %s has %d that are trainable and used by the graph", len(of), scope.Scope(), len(ordered)))
	}
	rule.UpdateGraphWithGradients(scope, ordered, ordered[0].DType())
}

// LearningRate returns the learning rate of the rule with its state below /name. Before the first step, which creates the
// state, it returns an error.
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

// ScaleLearningRate multiplies the learning rate of the rule with its state below /name. This takes effect at the next step,
// without recompilation. Before the first step, which creates the state, it returns an error.
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

// deleteState deletes the state of a rule from the store.
func deleteState(scope *model.Scope, name string) error {
	if err := scope.Store().DeleteVariablesInScope("/" + name); err != nil {
		return fmt.Errorf("optim: delete the state of %s: %w", name, err)
	}
	return nil
}

// trainable returns the trainable variables below scope that the graph uses.
func trainable(scope *model.Scope, g *Graph) []*model.Variable {
	var vars []*model.Variable
	for v := range scope.IterVariables() {
		if v.Trainable && v.InUseByGraph(g) {
			vars = append(vars, v)
		}
	}
	return vars
}

// gradients returns the gradients of loss with respect to the trainable variables, in the order of scope.
func gradients(scope *model.Scope, loss *Node) []*Node {
	return scope.BuildTrainableVariablesGradientsGraph(loss)
}

// slots describes the state of a rule, the variables below /name.
type slots struct {
	name     string
	rate     float64  // initial learning rate
	counts   bool     // whether there is a step counter
	perParam []string // names of the arrays with the shape of a parameter, initially zero
}

// learningRate is a variable and can change without recompilation. If it exists already, for instance from a checkpoint, it
// keeps its value.
func (s slots) learningRate(store *model.Store) *model.Variable {
	return store.VariableWithValue(ratePath(s.name), s.rate).SetTrainable(false)
}

func (s slots) counter(store *model.Store) *model.Variable {
	return store.VariableWithValue("/"+s.name+"/step", 0.0).SetTrainable(false)
}

// array is initialized with zeros from the host, since GoMLX's initializer would compile a program.
func (s slots) array(store *model.Store, of *model.Variable, name string) *model.Variable {
	path := model.JoinPath("/"+s.name, of.Path(), name)
	return store.VariableWithValue(path, tensors.FromShape(of.Shape())).SetTrainable(false)
}

func (s slots) variables(store *model.Store, of []*model.Variable) []*model.Variable {
	all := []*model.Variable{s.learningRate(store)}
	if s.counts {
		all = append(all, s.counter(store))
	}
	for _, v := range of {
		for _, name := range s.perParam {
			all = append(all, s.array(store, v, name))
		}
	}
	return all
}

// step is one step of a rule in a graph.
type step struct {
	slots
	store *model.Store
	vars  []*model.Variable
	grads []*Node // of vars, in their order
}

func newStep(state slots, scope *model.Scope, grads []*Node) *step {
	if slices.Contains(grads, nil) {
		panic(fmt.Errorf("optim: %s gets a nil gradient; give one for each trainable variable of scope %s", state.name, scope.Scope()))
	}
	s := &step{slots: state, store: scope.Store(), grads: grads}
	if len(grads) > 0 {
		s.vars = trainable(scope, s.graph())
	}
	if len(grads) == 0 || len(grads) != len(s.vars) {
		panic(fmt.Errorf("optim: %s gets %d gradients for the %d trainable variables of scope %s that the graph uses; give one for each", s.name, len(grads), len(s.vars), scope.Scope()))
	}
	return s
}

func (s *step) graph() *Graph { return s.grads[0].Graph() }

// lr is the learning rate, a float64 scalar.
func (s *step) lr() *Node { return s.learningRate(s.store).NodeValue(s.graph()) }

// update sets each variable to the first result of next, and its arrays, in the order of perParam, to the second.
func (s *step) update(next func(w, grad *Node, arrays []*Node) (*Node, []*Node)) {
	g := s.graph()
	for i, v := range s.vars {
		var state []*model.Variable
		var arrays []*Node
		for _, name := range s.perParam {
			a := s.array(s.store, v, name)
			state, arrays = append(state, a), append(arrays, a.NodeValue(g))
		}
		w, arrays := next(v.NodeValue(g), s.grads[i], arrays)
		v.SetNodeValue(w)
		for j, a := range state {
			a.SetNodeValue(arrays[j])
		}
	}
}

// like converts a float64 scalar to the type of a parameter.
func like(w, scalar *Node) *Node { return ConvertDType(scalar, w.DType()) }
