package gradcheck

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/cs231n-go/assignment3/cs231n/nn"
)

// Arrays are arguments for a graph function: tensors, or Go slices and numbers. A nil is passed as a nil node or function,
// for an optional argument such as a mask.
type Arrays []any

// tensors converts the arrays. A nil stays nil.
func (a Arrays) tensors() ([]*tensors.Tensor, error) {
	list := make([]*tensors.Tensor, len(a))
	for i, value := range a {
		switch v := value.(type) {
		case nil:
		case *tensors.Tensor:
			list[i] = v
		default:
			t, err := tensors.FromAnyValue(v)
			if err != nil {
				return nil, fmt.Errorf("array %d, %T, is not an array of numbers: %w", i, v, err)
			}
			list[i] = t
		}
	}
	return list, nil
}

// present returns the arrays that are not nil.
func present(list []*tensors.Tensor) []*tensors.Tensor {
	var kept []*tensors.Tensor
	for _, t := range list {
		if t != nil {
			kept = append(kept, t)
		}
	}
	return kept
}

// Outputs calls a graph function with arrays, as [Functions] does, and returns its first n results in double
// precision.
func Outputs(backend compute.Backend, n int, f any, in Arrays) ([]*tensors.Tensor, error) {
	list, err := in.tensors()
	if err != nil {
		return nil, fmt.Errorf("gradcheck: %w", err)
	}
	inputs := present(list)
	if len(inputs) == 0 {
		return nil, errors.New("gradcheck: the function needs at least one array")
	}
	out, err := CallOnceN(backend, func(nodes []*Node) []*Node {
		args := make([]*Node, len(list))
		for i, t := range list {
			if t != nil {
				args[i], nodes = nodes[0], nodes[1:]
			}
		}
		first := leading(call(f, nil, args), n)
		for i, x := range first {
			first[i] = ConvertDType(x, dtypes.Float64)
		}
		return first
	}, anys(inputs)...)
	if err != nil {
		return nil, fmt.Errorf("gradcheck: %w", err)
	}
	return out, nil
}

// call calls a graph function. Its parameters take one node each, a struct one for each field. A parameter of type
// nn.Values takes p. A parameter of any other type must be given nil, and takes its zero value. Like all graph functions, call
// panics on wrong arguments, which GoMLX turns into an error.
func call(f any, p nn.Values, nodes []*Node) []reflect.Value {
	function := reflect.ValueOf(f)
	if f == nil || function.Kind() != reflect.Func {
		panic(fmt.Errorf("%T is not a function", f))
	}
	var args []reflect.Value
	given := len(nodes)
	take := func() *Node {
		if len(nodes) == 0 {
			panic(fmt.Errorf("%s takes more than %d arrays", function.Type(), given))
		}
		x := nodes[0]
		nodes = nodes[1:]
		return x
	}
	for i := range function.Type().NumIn() {
		parameter := function.Type().In(i)
		arg := reflect.New(parameter).Elem()
		switch {
		case parameter == reflect.TypeFor[nn.Values]():
			arg.Set(reflect.ValueOf(p))
		case parameter == reflect.TypeFor[*Node]():
			arg.Set(reflect.ValueOf(take()))
		case isStructOfNodes(parameter):
			for k := range parameter.NumField() {
				arg.Field(k).Set(reflect.ValueOf(take()))
			}
		default:
			if take() != nil {
				panic(fmt.Errorf("argument %d of %s does not take an array; pass nil", i+1, function.Type()))
			}
		}
		args = append(args, arg)
	}
	if len(nodes) > 0 {
		panic(fmt.Errorf("%s takes %d arrays, not %d", function.Type(), given-len(nodes), given))
	}
	return function.Call(args)
}

// isStructOfNodes reports whether t is a struct such as rnn.Weights, whose fields are nodes.
func isStructOfNodes(t reflect.Type) bool {
	if t.Kind() != reflect.Struct || t.NumField() == 0 {
		return false
	}
	for i := range t.NumField() {
		if field := t.Field(i); !field.IsExported() || field.Type != reflect.TypeFor[*Node]() {
			return false
		}
	}
	return true
}

// accepts returns an error if f cannot be called with args.
func accepts(f reflect.Value, args []reflect.Value) error {
	if f.Kind() != reflect.Func {
		return fmt.Errorf("%s is not a function", f.Type())
	}
	if f.Type().NumIn() != len(args) {
		return fmt.Errorf("%s has %d parameters for %d values", f.Type(), f.Type().NumIn(), len(args))
	}
	for i, arg := range args {
		if !arg.Type().AssignableTo(f.Type().In(i)) {
			return fmt.Errorf("parameter %d of %s cannot take %s", i+1, f.Type(), arg.Type())
		}
	}
	return nil
}

// leading returns the first n results, which must be nodes.
func leading(results []reflect.Value, n int) []*Node {
	if len(results) < n {
		panic(fmt.Errorf("the function returns %d results, not %d", len(results), n))
	}
	nodes := make([]*Node, n)
	for i := range nodes {
		x, ok := results[i].Interface().(*Node)
		switch {
		case !ok:
			panic(fmt.Errorf("result %d of the function is %s, not a node", i+1, results[i].Type()))
		case x == nil:
			// GoMLX 0.28 waits forever for a program that returns a nil node.
			panic(fmt.Errorf("result %d of the function is nil; return a node", i+1))
		}
		nodes[i] = x
	}
	return nodes
}

// flatten lists the nodes in results: nodes, slices of nodes and structs of nodes.
func flatten(results []reflect.Value) []*Node {
	var nodes []*Node
	for _, r := range results {
		switch v := r.Interface().(type) {
		case *Node:
			nodes = append(nodes, v)
		case []*Node:
			nodes = append(nodes, v...)
		default:
			if !isStructOfNodes(r.Type()) {
				panic(fmt.Errorf("the backward pass returns %s, which is not a gradient", r.Type()))
			}
			for i := range r.NumField() {
				nodes = append(nodes, r.Field(i).Interface().(*Node))
			}
		}
	}
	return nodes
}

// values wraps nodes for reflection.
func values(nodes []*Node) []reflect.Value {
	list := make([]reflect.Value, len(nodes))
	for i, x := range nodes {
		list[i] = reflect.ValueOf(x)
	}
	return list
}
