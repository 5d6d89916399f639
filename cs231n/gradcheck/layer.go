package gradcheck

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sync"
	"text/tabwriter"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/gobackend"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/floats"

	"github.com/cs231n-go/assignment3/cs231n/loop"
)

// Layer is a function with a backward pass to check.
type Layer struct {
	// Names are the names of the gradients, such as dx, one for each Float64 input.
	Names []string
	// Inputs are the values at which the gradient is checked, with respect to those of type Float64. Others, such
	// as word ids and masks, have no gradient.
	Inputs []*tensors.Tensor
	// DOut is the upstream gradient and has the shape of Forward's result. Nil means that Forward returns a
	// scalar loss.
	DOut *tensors.Tensor
	// Forward is the function, in a form that GoMLX can differentiate: without compiled loops.
	Forward func(inputs []*Node) *Node
	// Backward returns one gradient for each Float64 input. For a loss dout is 1.
	Backward func(inputs []*Node, dout *Node) []*Node
	// Step is the h of the finite differences; 0 means 1e-5.
	Step float64
}

// Errors are the relative errors of a gradient from Backward, by [RelError].
type Errors struct {
	Name     string
	Numeric  float64 // against finite differences
	Autodiff float64 // against GoMLX's automatic differentiation
	Worst    Element // the element with the largest error against finite differences
	Largest  float64 // largest absolute value of the gradient
}

// Element is one element of a gradient.
type Element struct {
	Index             []int
	Backward, Numeric float64
}

// Report is the result of [Layer.Check], one entry for each gradient.
type Report []Errors

// Print writes a line for each gradient, with the assignment's text first.
func (r Report) Print(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	for _, e := range r {
		fmt.Fprintf(table, "%s error:\t%.6e\t(GoMLX's autodiff %.1e)\n", e.Name, e.Numeric, e.Autodiff)
	}
	return table.Flush()
}

// Worst returns the largest errors of all gradients.
func (r Report) Worst() (numeric, autodiff float64) {
	for _, e := range r {
		numeric, autodiff = math.Max(numeric, e.Numeric), math.Max(autodiff, e.Autodiff)
	}
	return numeric, autodiff
}

// roundingNoise is far above the rounding error of a sum of a few hundred numbers around 1, and far below any gradient that
// matters.
const roundingNoise = 1e-12

// Below returns an error that names the first gradient with an error of threshold or more, and its worst element. The
// gradients named in zero must vanish instead: a relative error between two rounding errors means nothing.
func (r Report) Below(threshold float64, zero ...string) error {
	for _, e := range r {
		switch {
		case slices.Contains(zero, e.Name):
			if !(e.Largest < roundingNoise) {
				return fmt.Errorf("the gradient %s must be zero, but it reaches %g", e.Name, e.Largest)
			}
		case !(e.Numeric < threshold):
			return fmt.Errorf("the gradient %s is wrong: its error %.2g is not below %g; at %v the backward pass gives %.9g, finite differences give %.9g",
				e.Name, e.Numeric, threshold, e.Worst.Index, e.Worst.Backward, e.Worst.Numeric)
		case !(e.Autodiff < threshold):
			return fmt.Errorf("the gradient %s is wrong: its error against GoMLX's automatic differentiation, %.2g, is not below %g", e.Name, e.Autodiff, threshold)
		}
	}
	return nil
}

// Check compares the gradients from Backward with GoMLX's and with central differences for each element of each
// input:
//
//	(f(x + h) − f(x − h))·dout / 2h
//
// One compiled program computes all differences in a loop. GoMLX's gradients come from its backend in pure Go. Check returns
// an error if the layer is incomplete, if shapes differ or if a function panics.
func (l Layer) Check(backend compute.Backend) (Report, error) {
	if err := l.validate(); err != nil {
		return nil, fmt.Errorf("gradcheck: %w", err)
	}
	n := len(l.Inputs)
	inputs := l.Inputs
	if l.DOut != nil {
		inputs = append(inputs[:n:n], l.DOut)
	}
	// An array may move from one place to another when a program takes it, so each way has its own copies.
	var copies [3][]*tensors.Tensor
	for way := range copies {
		for _, x := range inputs {
			local, err := x.LocalClone()
			if err != nil {
				return nil, fmt.Errorf("gradcheck: %w", err)
			}
			copies[way] = append(copies[way], local)
		}
	}
	// XLA compiles a program on one core for most of the time, so the three ways run side by side.
	var hand, auto []*tensors.Tensor
	var numeric []float64
	var handErr, autoErr, numericErr error
	var ways sync.WaitGroup
	ways.Go(func() { hand, handErr = CallOnceN(backend, l.backward, anys(copies[0])...) })
	ways.Go(func() { numeric, numericErr = l.numeric(backend, copies[1]) })
	auto, autoErr = l.automatic(copies[2])
	ways.Wait()
	switch {
	case autoErr != nil:
		return nil, fmt.Errorf("gradcheck: %w", autoErr)
	case handErr != nil:
		return nil, fmt.Errorf("gradcheck: %w", handErr)
	case numericErr != nil:
		return nil, fmt.Errorf("gradcheck: finite differences: %w", numericErr)
	}

	var report Report
	for i, name := range l.Names {
		backward, autodiff := hand[i], auto[i]
		if !backward.Shape().Equal(autodiff.Shape()) {
			return nil, fmt.Errorf("gradcheck: Backward's %s is %s, its input is %s", name, backward.Shape(), autodiff.Shape())
		}
		values := tensors.MustCopyFlatData[float64](backward)
		differences := numeric[:len(values)]
		e := Errors{
			Name:     name,
			Numeric:  RelError(values, differences),
			Autodiff: RelError(values, tensors.MustCopyFlatData[float64](autodiff)),
		}
		if len(values) > 0 {
			i := worst(values, differences)
			e.Worst = Element{indexOf(i, backward.Shape().Dimensions), values[i], differences[i]}
			e.Largest = floats.Norm(values, math.Inf(1))
		}
		report, numeric = append(report, e), numeric[len(values):]
	}
	return report, nil
}

// upstream separates the inputs from DOut, which is 1 for a loss.
func (l Layer) upstream(nodes []*Node) (inputs []*Node, dout *Node) {
	if l.DOut == nil {
		return nodes, ScalarOne(nodes[0].Graph(), dtypes.Float64)
	}
	return nodes[:len(l.Inputs)], nodes[len(l.Inputs)]
}

// automatic returns the gradients from GoMLX. The pure-Go backend runs small graphs at once, while XLA compiles the gradient
// of an LSTM that is unrolled over ten steps for a second.
func (l Layer) automatic(inputs []*tensors.Tensor) ([]*tensors.Tensor, error) {
	backend, err := gobackend.New("")
	if err != nil {
		return nil, fmt.Errorf("GoMLX's pure-Go backend: %w", err)
	}
	defer backend.Finalize()
	grads, err := CallOnceN(backend, l.autodiff, anys(inputs)...)
	if err != nil {
		return nil, err
	}
	for _, g := range grads {
		err = errors.Join(err, g.ToLocal())
	}
	return grads, err
}

// autodiff returns the gradients from GoMLX. The nodes are the inputs and DOut.
func (l Layer) autodiff(nodes []*Node) []*Node {
	inputs, dout := l.upstream(nodes)
	out := l.Forward(inputs)
	switch {
	case out == nil:
		panic(errors.New("the result of Forward is nil; return a node"))
	case l.DOut == nil && !out.Shape().Equal(dout.Shape()):
		panic(fmt.Errorf("the result of Forward is %s, not a loss of type %s; set DOut to a gradient of that shape", out.Shape(), dout.Shape()))
	case !out.Shape().Equal(dout.Shape()):
		panic(fmt.Errorf("the result of Forward is %s, but DOut is %s", out.Shape(), dout.Shape()))
	}
	return Gradient(ReduceAllSum(Mul(out, dout)), l.float64s(inputs)...)
}

// backward returns the gradients from Backward. The nodes are the inputs and DOut.
func (l Layer) backward(nodes []*Node) []*Node {
	grads := l.Backward(l.upstream(nodes))
	if len(grads) != len(l.Names) {
		panic(fmt.Errorf("there are %d gradients from Backward for %d inputs of type Float64", len(grads), len(l.Names)))
	}
	// GoMLX 0.28 waits forever for a program that returns a nil node.
	if i := slices.Index(grads, nil); i >= 0 {
		panic(fmt.Errorf("the gradient %s from Backward is nil; return one for each input of type Float64", l.Names[i]))
	}
	return grads
}

// numeric returns the central differences of all Float64 inputs, concatenated.
func (l Layer) numeric(backend compute.Backend, inputs []*tensors.Tensor) ([]float64, error) {
	h := l.Step
	if h == 0 {
		h = 1e-5
	}
	out, err := CallOnce(backend, func(nodes []*Node) *Node {
		var flat []*Node
		for _, x := range l.float64s(nodes[:len(l.Inputs)]) {
			flat = append(flat, Reshape(x, -1))
		}
		all := Concatenate(flat, 0)
		return loop.For(all.Shape().Size(), append([]*Node{all}, nodes...), []*Node{loop.Zero(all, all.Shape().Size())},
			func(t *Node, fixed, state []*Node) []*Node {
				all, nodes := fixed[0], fixed[1:]
				// f is the function with step added to the value at position t.
				f := func(step float64) *Node {
					value := Add(loop.At(all, 0, t), Const(t.Graph(), step))
					return l.Forward(l.replaced(nodes[:len(l.Inputs)], loop.Put(all, 0, t, value)))
				}
				difference := Sub(f(h), f(-h))
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

// float64s returns the inputs that have gradients.
func (l Layer) float64s(inputs []*Node) []*Node {
	var list []*Node
	for i, x := range inputs {
		if l.Inputs[i].DType() == dtypes.Float64 {
			list = append(list, x)
		}
	}
	return list
}

// replaced returns the inputs, with the values of those that have gradients taken from all.
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

func (l Layer) validate() error {
	if l.Forward == nil || l.Backward == nil {
		return errors.New("a Layer needs Forward and Backward")
	}
	count := 0
	for i, x := range l.Inputs {
		switch {
		case x == nil:
			return fmt.Errorf("input %d is nil; give every input of Forward a tensor", i)
		case x.DType() == dtypes.Float64:
			count++
		case x.DType() == dtypes.Float32:
			return fmt.Errorf("input %d is Float32, which is too coarse for finite differences; use Float64", i)
		}
	}
	if count == 0 || count != len(l.Names) {
		return fmt.Errorf("there are %d names for %d inputs of type Float64", len(l.Names), count)
	}
	return nil
}
