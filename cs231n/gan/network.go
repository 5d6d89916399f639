package gan

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// Param is one learned array of a layer, with PyTorch's shape and name.
type Param struct {
	Name  string    // "weight" or "bias"
	Dims  []int     // PyTorch's shape, for instance (out, in) for a Linear weight
	Value []float32 // row-major
}

// Layer is one stage of a [Network].
type Layer interface {
	// Params lists what the layer learns, in PyTorch's order; nil for a layer without parameters.
	Params() []*Param

	// Forward builds the layer's computation on x. The nodes of params stand in the order of Params.
	Forward(params []*Node, x *Node) (y *Node, back Backward)
}

// Backward builds the way back through a computation: from the gradient dy of a loss with respect to
// the output, it makes the gradients with respect to the input and to the parameters, in their order.
// What the caller does not use costs nothing, since XLA drops it.
type Backward func(dy *Node) (dx *Node, dparams []*Node)

// Network is a chain of layers with their parameter values, like PyTorch's nn.Sequential.
type Network struct {
	Layers []Layer
}

// Sequential chains layers into a network.
func Sequential(layers ...Layer) *Network {
	return &Network{Layers: layers}
}

// Params lists the parameters of all layers, first layer first.
func (n *Network) Params() []*Param {
	var all []*Param
	for _, layer := range n.Layers {
		all = append(all, layer.Params()...)
	}
	return all
}

// CountParams returns how many numbers the network learns.
func CountParams(n *Network) int {
	count := 0
	for _, p := range n.Params() {
		count += len(p.Value)
	}
	return count
}

// Forward builds the network's computation. Each convolution that is followed by a LeakyReLU and a
// pool is computed together with them, which gives the same numbers in half the time.
//
// Shapes: params as in [Network.Params], x: (N, …) -> what the last layer makes of it.
func (n *Network) Forward(params []*Node, x *Node) (y *Node, back Backward) {
	var backs []Backward
	for _, layer := range fuse(n.Layers) {
		k := len(layer.Params())
		x, back = layer.Forward(params[:k], x)
		params = params[k:]
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

// Call computes the network on x with its present parameters: for looking at a network outside of
// training.
//
// Shapes: x: (N, …) -> what the last layer makes of it.
func (n *Network) Call(backend compute.Backend, x *tensors.Tensor) (*tensors.Tensor, error) {
	inputs := []any{x}
	for _, p := range n.Params() {
		inputs = append(inputs, p.tensor())
	}
	return CallOnce(backend, func(inputs []*Node) *Node {
		y, _ := n.Forward(inputs[1:], inputs[0])
		return y
	}, inputs...)
}

// eachParam calls f with every parameter and its path below the network's scope, named as in PyTorch's
// state_dict: "4/weight".
func (n *Network) eachParam(f func(path string, p *Param)) {
	for i, layer := range n.Layers {
		for _, p := range layer.Params() {
			f(fmt.Sprintf("%d/%s", i, p.Name), p)
		}
	}
}

// store copies the parameter values into variables below scope.
func (n *Network) store(scope *model.Scope) (err error) {
	n.eachParam(func(path string, p *Param) {
		if err == nil {
			_, err = scope.Store().CreateVariable(model.JoinPath(scope.Scope(), path), p.tensor())
		}
	})
	return err
}

// variables returns the network's variables below scope, in the order of Params.
func (n *Network) variables(scope *model.Scope) []*model.Variable {
	var vars []*model.Variable
	n.eachParam(func(path string, _ *Param) {
		vars = append(vars, scope.Store().GetVariable(model.JoinPath(scope.Scope(), path)))
	})
	return vars
}

// load copies the variables below scope back into the network's parameters.
func (n *Network) load(scope *model.Scope) error {
	params := n.Params()
	for i, v := range n.variables(scope) {
		if want := shapes.Make(dtypes.Float32, params[i].Dims...); v == nil || !v.Shape().Equal(want) {
			return fmt.Errorf("parameter %d of %s does not have this network's shape %s", i, scope.Scope(), want)
		}
		t, err := v.Value()
		if err != nil {
			return err
		}
		if params[i].Value, err = tensors.CopyFlatData[float32](t); err != nil {
			return err
		}
	}
	return nil
}

func (p *Param) tensor() *tensors.Tensor {
	return tensors.FromFlatDataAndDimensions(p.Value, p.Dims...)
}
