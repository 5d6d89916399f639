// Package nn is a library of neural-network layers with PyTorch's names, parameter shapes and initial values.
//
// A [Layer] owns its parameters, [Param], on the host. Its Forward builds the computation as GoMLX graph nodes and
// returns a hand-written backward pass with it. [Sequential] chains layers into a [Network]. Initial values come from an
// [rng.Torch] stream in PyTorch's order, so a network built from torch.manual_seed(231) starts with the same weights as
// the Python original. With a nil stream those values are zero, to be set later.
//
// Graph functions panic on wrong shapes, which GoMLX turns into an error.
//
// # Shapes
//
// N is the batch size, (H, W, C) the height, width and channels of an image, S and T the lengths of two sequences, E the
// width of an embedding. Between layers images are channels-last, (N, H, W, C), the layout that XLA's CPU backend
// computes fastest. Parameters keep PyTorch's shapes. [Flatten] and [Unflatten] keep PyTorch's channels-first order.
package nn

import (
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// Layer is a differentiable function with parameters, such as one step of a [Network].
type Layer interface {
	// Params lists the layer's parameters in PyTorch's order. It is nil for a layer without parameters.
	Params() []*Param
	// Forward builds the layer's output for x and returns its backward pass. p maps the parameters to their nodes.
	Forward(p Values, x *Node) (y *Node, back Backward)
}

// Backward builds the backward pass of a layer. From the gradient dy of a loss with respect to the output it computes the
// gradients with respect to the input and to each parameter, in the order of Params. XLA does not compute unused gradients.
type Backward func(dy *Node) (dx *Node, dparams []*Node)

// stateless is embedded by layers without parameters.
type stateless struct{}

func (stateless) Params() []*Param { return nil }

// affineParams are embedded by layers with a weight and a bias.
type affineParams struct{ weight, bias *Param }

func (a affineParams) Params() []*Param { return []*Param{a.weight, a.bias} }

// Network is a chain of layers, PyTorch's nn.Sequential. It is a [Layer] itself.
type Network struct {
	Layers []Layer
	params []*Param
}

// Sequential chains layers into a network and names their parameters after the position of the layer: "4/weight".
func Sequential(layers ...Layer) *Network {
	n := &Network{Layers: layers}
	for i, layer := range layers {
		n.params = append(n.params, Prefixed(fmt.Sprint(i), layer.Params())...)
	}
	return n
}

// Params lists the parameters of all layers, first layer first.
func (n *Network) Params() []*Param { return n.params }

// MixesBatch reports whether the output for one example depends on other examples of the batch, as with [BatchNorm]. A
// layer of another package with this property must have this method too.
func (n *Network) MixesBatch() bool {
	return slices.ContainsFunc(n.Layers, func(l Layer) bool {
		m, ok := l.(interface{ MixesBatch() bool })
		return ok && m.MixesBatch()
	})
}

// Forward builds the network's output. It fuses a convolution with the ReLU or LeakyReLU and the max pool that follow it,
// which gives the same numbers in half the time.
//
// Shapes: x: (N, …) -> the output of the last layer.
func (n *Network) Forward(p Values, x *Node) (y *Node, back Backward) {
	var backs []Backward
	for _, layer := range fuse(n.Layers) {
		x, back = layer.Forward(p, x)
		backs = append(backs, back)
	}
	return x, func(dy *Node) (dx *Node, dparams []*Node) {
		for _, back := range slices.Backward(backs) {
			var d []*Node
			dy, d = back(dy)
			dparams = append(d, dparams...)
		}
		return dy, dparams
	}
}

// Call runs the network on x with its current parameters.
//
// Shapes: x: (N, …) -> the output of the last layer.
func (n *Network) Call(backend compute.Backend, x *tensors.Tensor) (*tensors.Tensor, error) {
	out, err := Compute(backend, n.params, []any{x}, func(p Values, in []*Node) []*Node { return []*Node{p.Apply(n, in[0])} })
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// Param is one trainable array of a module.
type Param struct {
	// Name is the path in PyTorch's state_dict, with slashes for dots: "weight" of a layer, "4/weight" in a network.
	Name string
	// Value has PyTorch's shape, for instance (out, in) for the weight of a Linear. Its type is Float32 or Float64.
	Value *tensors.Tensor
}

// NewParam makes a parameter of row-major values.
func NewParam[T float32 | float64](name string, values []T, dims ...int) *Param {
	return &Param{name, tensors.FromFlatDataAndDimensions(values, dims...)}
}

// Shape is the shape of the value.
func (p *Param) Shape() shapes.Shape { return p.Value.Shape() }

// SetValue replaces the value. It is an error if the new value has another shape or type.
func (p *Param) SetValue(value *tensors.Tensor) error {
	if !value.Shape().Equal(p.Shape()) {
		return fmt.Errorf("nn: parameter %s is %s and cannot take a value of %s", p.Name, p.Shape(), value.Shape())
	}
	p.Value = value
	return nil
}

// Double converts parameters to float64, for checks with a tight tolerance.
func Double(params []*Param) {
	for _, p := range params {
		if flat, err := tensors.CopyFlatData[float32](p.Value); err == nil {
			wide := make([]float64, len(flat))
			for i, v := range flat {
				wide[i] = float64(v)
			}
			p.Value = tensors.FromFlatDataAndDimensions(wide, p.Shape().Dimensions...)
		}
	}
}

// CountParams returns the number of parameter values of a module.
func CountParams(module interface{ Params() []*Param }) int {
	count := 0
	for _, p := range module.Params() {
		count += p.Shape().Size()
	}
	return count
}

// Prefixed prefixes the names of a submodule's parameters with the name of the submodule: "self_attn/key/weight". It
// renames them in place, so a module must call it only once.
func Prefixed(name string, params []*Param) []*Param {
	for _, p := range params {
		p.Name = name + "/" + p.Name
	}
	return params
}

// Path returns the path of a parameter in a store, below the scope of its module.
func Path(scope string, p *Param) string { return "/" + scope + "/" + p.Name }

// Values maps parameters to their nodes in one graph.
type Values map[*Param]*Node

// Bind maps parameters to nodes that are in the same order.
func Bind(params []*Param, nodes []*Node) Values {
	if len(params) != len(nodes) {
		panic(fmt.Errorf("nn: %d nodes for %d parameters", len(nodes), len(params)))
	}
	values := make(Values, len(params))
	for i, p := range params {
		values[p] = nodes[i]
	}
	return values
}

// Of lists the nodes of parameters in the order of params.
func (v Values) Of(params []*Param) []*Node {
	nodes := make([]*Node, len(params))
	for i, p := range params {
		nodes[i] = v[p]
	}
	return nodes
}

// Apply builds a layer's forward pass without its backward pass.
func (v Values) Apply(layer Layer, x *Node) *Node {
	y, _ := layer.Forward(v, x)
	return y
}

// Compute builds a graph over parameters and inputs, runs it once and returns its outputs. A nil output is an error, since
// GoMLX 0.28 would wait forever.
func Compute(backend compute.Backend, params []*Param, inputs []any, graph func(p Values, inputs []*Node) []*Node) ([]*tensors.Tensor, error) {
	return CallOnceN(backend, func(nodes []*Node) []*Node {
		outputs := graph(Bind(params, nodes[len(inputs):]), nodes[:len(inputs)])
		if len(outputs) == 0 || slices.Contains(outputs, nil) {
			panic(fmt.Errorf("nn: the graph returns %d nodes, the first nil at index %d (-1: none); return at least one node and no nil", len(outputs), slices.Index(outputs, nil)))
		}
		return outputs
	}, WithValues(slices.Clone(inputs), params)...)
}

// WithValues appends the values of params to the inputs of a program.
func WithValues(inputs []any, params []*Param) []any {
	for _, p := range params {
		inputs = append(inputs, p.Value)
	}
	return inputs
}

// defaultInit draws a weight and a bias as PyTorch's constructors do, uniform in ±1/√fanIn. Without a stream both are zero.
func defaultInit(stream *rng.Torch, fanIn, out int, dims ...int) affineParams {
	weight, bias := make([]float32, size(dims)), make([]float32, out)
	if stream != nil {
		stream.DefaultInit(weight, bias, fanIn)
	}
	return affineParams{NewParam("weight", weight, dims...), NewParam("bias", bias, out)}
}

// Uniform is a random stream that fills dst with values in [from, to). It is an [rng.Torch], or an [rng.CUDA] for a
// model that PyTorch moves to the GPU before its weights are drawn.
type Uniform interface {
	Uniform(dst []float32, from, to float64)
}

// XavierUniform re-initializes the weights of the Linear and ConvTranspose2d layers, in order, uniform in
// ±√(6/(fanIn+fanOut)). Biases and all other layers keep their values.
// Source: Glorot and Bengio 2010, http://proceedings.mlr.press/v9/glorot10a.html.
func XavierUniform(n *Network, stream Uniform) {
	for _, layer := range n.Layers {
		switch layer.(type) {
		case linear, convTranspose2d:
		default:
			continue
		}
		weight := layer.Params()[0]
		dims := weight.Shape().Dimensions
		fans := float64((dims[0] + dims[1]) * size(dims[2:]))
		bound := math.Sqrt(3) * math.Sqrt(2/fans)
		values := make([]float32, size(dims))
		stream.Uniform(values, -bound, bound)
		weight.Value = tensors.FromFlatDataAndDimensions(values, dims...)
	}
}

// Normal re-initializes the matrices among params, in order, normal with mean 0 and standard deviation std. It sets the
// bias after each matrix to 0. Other parameters, such as those of a normalization layer, keep their values.
func Normal(params []*Param, std float64, stream *rng.Torch) {
	for i, p := range params {
		if p.Shape().Rank() != 2 {
			continue
		}
		values := make([]float32, p.Shape().Size())
		stream.Normal(values, 0, std)
		p.Value = tensors.FromFlatDataAndDimensions(values, p.Shape().Dimensions...)
		if i+1 < len(params) && params[i+1].Shape().Rank() == 1 {
			params[i+1].Value = tensors.FromShape(params[i+1].Shape())
		}
	}
}

// size returns the number of elements of an array with the given dimensions.
func size(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}
