package gradcheck

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/cs231n-go/assignment3/cs231n/nn"
)

// Functions is a layer to check that is written as graph functions, such as rnn.StepForward and rnn.StepBackward. Check
// calls the functions themselves, by reflection, so they need no adapters. An argument of a function is a node, or a
// struct of nodes such as rnn.Weights, which takes one array of In for each field.
type Functions struct {
	// Names names the gradients of the Float64 arrays in In, separated by spaces. If it is empty, only Params have
	// gradients.
	Names string
	// Forward returns the outputs, one for each array in DOut, and then anything that Backward needs.
	Forward any
	// Backward takes the gradients of the outputs. Its other parameters take the last results of Forward. It returns
	// the gradients. A nil Backward means one of two things: with DOut, the last result of Forward is
	// the backward function; without, Forward returns a loss and its gradients.
	Backward any
	// Unrolled computes the outputs of Forward without compiled loops, which GoMLX cannot differentiate. Nil means
	// Forward.
	Unrolled any
	// Params are passed to Forward and Unrolled as [nn.Values], and have gradients.
	Params []*nn.Param
	// In holds the arguments of Forward.
	In Arrays
	// DOut holds the upstream gradients. It is empty for a loss.
	DOut Arrays
	// Step is the h of the finite differences; 0 means 1e-5.
	Step float64
}

// Check compares the gradients with finite differences and automatic differentiation; see [Layer.Check].
func (f Functions) Check(backend compute.Backend) (Report, error) {
	l, err := f.layer()
	if err != nil {
		return nil, fmt.Errorf("gradcheck: %w", err)
	}
	return l.Check(backend)
}

// layer expresses the check in terms of lists of nodes.
func (f Functions) layer() (Layer, error) {
	in, err := f.In.tensors()
	if err != nil {
		return Layer{}, err
	}
	l := Layer{Names: strings.Fields(f.Names), Step: f.Step}
	if l.DOut, err = f.upstream(); err != nil {
		return Layer{}, err
	}
	// Without names, floating-point inputs are constants of the graph.
	constant := func(t *tensors.Tensor) bool { return f.Names == "" && t.DType().IsFloat() }
	for _, t := range in {
		if t != nil && !constant(t) {
			l.Inputs = append(l.Inputs, t)
		}
	}
	inputs := len(l.Inputs)
	for _, p := range f.Params {
		l.Names, l.Inputs = append(l.Names, p.Name), append(l.Inputs, p.Value)
	}
	apply := func(function any, nodes []*Node) []reflect.Value {
		args, params := make([]*Node, len(in)), nn.Bind(f.Params, nodes[inputs:])
		for i, t := range in {
			switch {
			case t == nil:
			case constant(t):
				args[i] = ConstTensor(nodes[0].Graph(), t)
			default:
				args[i], nodes = nodes[0], nodes[1:]
			}
		}
		return call(function, params, args)
	}
	outputs, forward := max(1, len(f.DOut)), f.Unrolled
	if forward == nil {
		forward = f.Forward
	}
	l.Forward = func(nodes []*Node) *Node { return join(leading(apply(forward, nodes), outputs)) }
	l.Backward = func(nodes []*Node, dout *Node) []*Node {
		return f.backward(apply(f.Forward, nodes), split(dout, outputs))
	}
	return l, nil
}

// upstream stacks the upstream gradients. It returns nil for a loss.
func (f Functions) upstream() (*tensors.Tensor, error) {
	douts, err := f.DOut.tensors()
	if err != nil || len(douts) == 0 {
		return nil, err
	}
	var values []float64
	for _, t := range douts {
		if t == nil || douts[0] == nil || !t.Shape().Equal(douts[0].Shape()) {
			return nil, errors.New("the arrays in DOut must all have the same shape")
		}
		flat, err := tensors.CopyFlatData[float64](t)
		if err != nil {
			return nil, fmt.Errorf("DOut: %w; use Float64", err)
		}
		values = append(values, flat...)
	}
	dims := douts[0].Shape().Dimensions
	if len(douts) > 1 {
		dims = append([]int{len(douts)}, dims...)
	}
	return tensors.FromFlatDataAndDimensions(values, dims...), nil
}

// backward returns the gradients, given the results of Forward and the upstream gradients.
func (f Functions) backward(results []reflect.Value, douts []*Node) []*Node {
	if f.Backward == nil && len(f.DOut) == 0 {
		return flatten(results[1:])
	}
	back, saved := reflect.ValueOf(f.Backward), results[len(douts):]
	if f.Backward == nil {
		back, saved = results[len(results)-1], nil
	} else if back.Kind() == reflect.Func {
		// Forward may return more results, such as the weights of an attention.
		first := len(saved) + len(douts) - back.Type().NumIn()
		saved = saved[min(max(first, 0), len(saved)):]
	}
	args := append(values(douts), saved...)
	if err := accepts(back, args); err != nil {
		panic(fmt.Errorf("the backward pass cannot be called: %w", err))
	}
	return flatten(back.Call(args))
}

// join stacks outputs of the same shape; split is its inverse.
func join(outputs []*Node) *Node {
	if len(outputs) == 1 {
		return outputs[0]
	}
	return Stack(outputs, 0)
}

func split(stacked *Node, n int) []*Node {
	if n == 1 {
		return []*Node{stacked}
	}
	parts := make([]*Node, n)
	for i := range parts {
		parts[i] = Squeeze(SliceAxis(stacked, 0, AxisElem(i)), 0)
	}
	return parts
}
