package gradcheck

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/cs231n-go/assignment3/cs231n/loop"
)

// Layer is a function with a gradient that was derived by hand.
type Layer struct {
	// Names are what the gradients are called, for instance dx; one for each Float64 input.
	Names []string
	// Inputs are where the gradient is checked. It is taken with respect to those of type Float64; others, such
	// as word ids and masks, are passed on.
	Inputs []*tensors.Tensor
	// DOut is the gradient of some loss with respect to what Forward computes, and has its shape. Nil means
	// that Forward computes a loss itself, a scalar.
	DOut *tensors.Tensor
	// Forward is the function, in a form that GoMLX can differentiate: without compiled loops.
	Forward func(inputs []*Node) *Node
	// Backward is the gradient by hand, one node for each Float64 input. dout is 1 for a loss.
	Backward func(inputs []*Node, dout *Node) []*Node
	// Step is the h of the finite differences; 0 means 1e-5.
	Step float64
}

// Errors tells how far a gradient by hand is from the other two ways to get it, by [RelError].
type Errors struct {
	Name     string
	Numeric  float64 // from the finite differences
	Autodiff float64 // from GoMLX's derivation
}

// Report is the result of [Layer.Check], one entry for each gradient.
type Report []Errors

// Print writes a line for each gradient, as the assignment's notebook, with the error against GoMLX's
// derivation behind it.
func (r Report) Print(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	for _, e := range r {
		fmt.Fprintf(table, "%s error:\t%.6e\t(GoMLX's autodiff %.1e)\n", e.Name, e.Numeric, e.Autodiff)
	}
	return table.Flush()
}

// Worst is the largest error of all.
func (r Report) Worst() (numeric, autodiff float64) {
	for _, e := range r {
		numeric, autodiff = math.Max(numeric, e.Numeric), math.Max(autodiff, e.Autodiff)
	}
	return numeric, autodiff
}

// Check computes the gradient in three ways, by hand, by central differences
//
//	(f(x + h) − f(x − h))·dout / 2h
//
// for every single element of every input, and by GoMLX's differentiation, and compares the first with the
// others. The differences are taken by a loop inside one compiled program, not by a call for each.
func (l Layer) Check(backend compute.Backend) (Report, error) {
	if err := l.check(); err != nil {
		return nil, fmt.Errorf("gradcheck: %w", err)
	}
	n := len(l.Inputs)
	inputs := l.Inputs
	if l.DOut != nil {
		inputs = append(inputs[:n:n], l.DOut)
	}
	split := func(nodes []*Node) (inputs []*Node, dout *Node) {
		if l.DOut == nil {
			return nodes, ScalarOne(nodes[0].Graph(), dtypes.Float64)
		}
		return nodes[:n], nodes[n]
	}
	derived, err := CallOnceN(backend, func(nodes []*Node) []*Node {
		inputs, dout := split(nodes)
		out := l.Forward(inputs)
		switch {
		case out == nil:
			panic(errors.New("what Forward computes is nil; return the node that it ends with"))
		case l.DOut == nil && !out.Shape().Equal(dout.Shape()):
			panic(fmt.Errorf("what Forward computes is %s, no loss of type %s; set DOut to a gradient of that shape", out.Shape(), dout.Shape()))
		case !out.Shape().Equal(dout.Shape()):
			panic(fmt.Errorf("what Forward computes is %s, but DOut is %s", out.Shape(), dout.Shape()))
		}
		byHand := l.Backward(inputs, dout)
		if len(byHand) != len(l.Names) {
			panic(fmt.Errorf("there are %d gradients from Backward for %d inputs of type Float64", len(byHand), len(l.Names)))
		}
		// GoMLX 0.28 waits forever, instead of failing, for a program that returns a nil node.
		if i := slices.Index(byHand, nil); i >= 0 {
			panic(fmt.Errorf("the gradient %s from Backward is nil; return one for each input of type Float64", l.Names[i]))
		}
		return append(byHand, Gradient(ReduceAllSum(Mul(out, dout)), l.smooth(inputs)...)...)
	}, anys(inputs)...)
	if err != nil {
		return nil, fmt.Errorf("gradcheck: %w", err)
	}
	numeric, err := l.numeric(backend, inputs)
	if err != nil {
		return nil, fmt.Errorf("gradcheck: finite differences: %w", err)
	}

	var report Report
	for i, name := range l.Names {
		byHand, other := derived[i], derived[len(l.Names)+i]
		if !byHand.Shape().Equal(other.Shape()) {
			return nil, fmt.Errorf("gradcheck: Backward's %s is %s, its input is %s", name, byHand.Shape(), other.Shape())
		}
		values := tensors.MustCopyFlatData[float64](byHand)
		report = append(report, Errors{
			Name:     name,
			Numeric:  RelError(values, numeric[:len(values)]),
			Autodiff: RelError(values, tensors.MustCopyFlatData[float64](other)),
		})
		numeric = numeric[len(values):]
	}
	return report, nil
}

// numeric returns the central differences of all Float64 inputs, one after the other.
func (l Layer) numeric(backend compute.Backend, inputs []*tensors.Tensor) ([]float64, error) {
	h := l.Step
	if h == 0 {
		h = 1e-5
	}
	out, err := CallOnce(backend, func(nodes []*Node) *Node {
		var flat []*Node
		for _, x := range l.smooth(nodes[:len(l.Inputs)]) {
			flat = append(flat, Reshape(x, -1))
		}
		all := Concatenate(flat, 0)
		return loop.For(all.Shape().Size(), append([]*Node{all}, nodes...), []*Node{loop.Zero(all, all.Shape().Size())},
			func(t *Node, fixed, state []*Node) []*Node {
				all, nodes := fixed[0], fixed[1:]
				// moved is f with the t-th value moved by a step.
				moved := func(step float64) *Node {
					value := Add(loop.At(all, 0, t), Const(t.Graph(), step))
					return l.Forward(l.replaced(nodes[:len(l.Inputs)], loop.Put(all, 0, t, value)))
				}
				difference := Sub(moved(h), moved(-h))
				if l.DOut != nil {
					difference = Mul(difference, nodes[len(l.Inputs)])
				}
				slope := Div(ReduceAllSum(difference), Const(t.Graph(), 2*h))
				return []*Node{loop.Put(state[0], 0, t, slope)}
			})[0]
	}, anys(inputs)...)
	if err != nil {
		return nil, err
	}
	return tensors.CopyFlatData[float64](out)
}

// smooth are the inputs that have gradients.
func (l Layer) smooth(inputs []*Node) []*Node {
	var list []*Node
	for i, x := range inputs {
		if l.Inputs[i].DType() == dtypes.Float64 {
			list = append(list, x)
		}
	}
	return list
}

// replaced are the inputs with the values of those that have gradients taken from all.
func (l Layer) replaced(inputs []*Node, all *Node) []*Node {
	list := make([]*Node, len(inputs))
	first := 0
	for i, x := range inputs {
		if list[i] = x; l.Inputs[i].DType() == dtypes.Float64 {
			last := first + x.Shape().Size()
			list[i] = Reshape(SliceAxis(all, 0, AxisRange(first, last)), x.Shape().Dimensions...)
			first = last
		}
	}
	return list
}

func (l Layer) check() error {
	if l.Forward == nil || l.Backward == nil {
		return errors.New("a Layer needs Forward and Backward")
	}
	smooth := 0
	for i, x := range l.Inputs {
		switch {
		case x == nil:
			return fmt.Errorf("input %d is nil; give every input of Forward a tensor", i)
		case x.DType() == dtypes.Float64:
			smooth++
		case x.DType() == dtypes.Float32:
			return fmt.Errorf("input %d is Float32, which is too coarse for finite differences; use Float64", i)
		}
	}
	if smooth == 0 || smooth != len(l.Names) {
		return fmt.Errorf("there are %d names for %d inputs of type Float64", len(l.Names), smooth)
	}
	return nil
}
