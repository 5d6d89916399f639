package digits

import (
	"errors"
	"fmt"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/mat"

	"github.com/cs231n-go/assignment3/cs231n/nn"
)

// Features runs the classifier on images. The features of an image are the activations before the last layer, after the
// ReLU. The probabilities are the softmax of the scores.
//
// It is an error if there is no whole image, or if a pixel is outside [0, 1].
//
// Shapes: images (M, 784), values in [0, 1] -> features (M, 128), probabilities (M, 10).
func Features(backend compute.Backend, net *nn.Network, images []float32) (features, probabilities *mat.Dense, err error) {
	if len(images) == 0 || len(images)%pixels != 0 {
		return nil, nil, fmt.Errorf("digits: %d pixels are no images; give 28×28 = %d for each", len(images), pixels)
	}
	for i, v := range images {
		if !(0 <= v && v <= 1) { // NaN too
			return nil, nil, fmt.Errorf("digits: pixel %d of image %d is %v; give values in [0, 1], (x+1)/2 for x in [-1, 1]", i%pixels, i/pixels, v)
		}
	}
	last := len(net.Layers) - 1
	if last < 1 {
		return nil, nil, errors.New("digits: the network has no layer before the last; give a Classifier")
	}
	body := &nn.Network{Layers: net.Layers[:last]} // shares the parameters
	var wide, narrow []float64
	err = batches(backend, net, len(images)/pixels, func(first, n int) *tensors.Tensor {
		return tensors.FromFlatDataAndDimensions(images[first*pixels:(first+n)*pixels], n, pixels)
	}, func(p nn.Values, x *Node) []*Node {
		hidden := p.Apply(body, x)
		return []*Node{hidden, Softmax(p.Apply(net.Layers[last], hidden))}
	}, func(_ int, out []*tensors.Tensor) {
		wide = appendFloats(wide, out[0])
		narrow = appendFloats(narrow, out[1])
	})
	if err != nil {
		return nil, nil, err
	}
	m := len(images) / pixels
	return mat.NewDense(m, len(wide)/m, wide), mat.NewDense(m, len(narrow)/m, narrow), nil
}

func appendFloats(to []float64, x *tensors.Tensor) []float64 {
	for _, v := range tensors.MustCopyFlatData[float32](x) {
		to = append(to, float64(v))
	}
	return to
}

// batches runs a graph on all of m images, in batches. batch returns n images from the first on, and collect takes the
// outputs for them.
func batches(backend compute.Backend, net *nn.Network, m int, batch func(first, n int) *tensors.Tensor, graph func(p nn.Values, x *Node) []*Node, collect func(first int, out []*tensors.Tensor)) error {
	const size = 1000
	params := net.Params()
	exec, err := NewExec(backend, func(in []*Node) []*Node { return graph(nn.Bind(params, in[1:]), in[0]) })
	if err != nil {
		return fmt.Errorf("digits: %w", err)
	}
	defer exec.Finalize()
	inputs := nn.WithValues([]any{nil}, params)
	for first := 0; first < m; first += size {
		inputs[0] = batch(first, min(size, m-first))
		out, err := exec.Call(inputs...)
		if err != nil {
			return fmt.Errorf("digits: %w", err)
		}
		collect(first, out)
	}
	return nil
}
