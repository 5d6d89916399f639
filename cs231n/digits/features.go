package digits

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/mat"

	"github.com/cs231n-go/assignment3/cs231n/nn"
)

// Features runs the classifier on images. The features of an image are the activations before the last layer, after the
// ReLU. The probabilities are the softmax of the scores. They do not depend on the other images.
//
// It is an error if there is no whole image, or if a pixel is outside [0, 1].
//
// Shapes: images (M, 784), values in [0, 1] -> features (M, 128), probabilities (M, 10).
func Features(backend compute.Backend, net *nn.Network, images []float32) (features, probabilities *mat.Dense, err error) {
	p, err := featuresProgram(backend, net)
	if err != nil {
		return nil, nil, err
	}
	defer p.exec.Finalize()
	return p.features(images)
}

// batch is the number of images that a program takes.
const batch = 500

// program is a compiled function of a batch of images and a network's parameters.
type program struct {
	exec   *Exec
	params []any
}

func newProgram(backend compute.Backend, net *nn.Network, graph func(p nn.Values, x *Node) []*Node) (*program, error) {
	params := net.Params()
	exec, err := NewExec(backend, func(in []*Node) []*Node { return graph(nn.Bind(params, in[1:]), in[0]) })
	if err != nil {
		return nil, fmt.Errorf("digits: %w", err)
	}
	return &program{exec, nn.WithValues(nil, params)}, nil
}

// run calls a program for all images, a batch at a time. The last batch is filled up with black images, so that XLA compiles
// one size only. collect takes the outputs for n images from the first on.
func run[T uint8 | float32](p *program, images []T, collect func(first, n int, out []*tensors.Tensor)) error {
	for first := 0; first < len(images)/pixels; first += batch {
		n := min(batch, len(images)/pixels-first)
		x := images[first*pixels : (first+n)*pixels]
		if n < batch {
			x = slices.Concat(x, make([]T, (batch-n)*pixels))
		}
		out, err := p.exec.Call(append([]any{tensors.FromFlatDataAndDimensions(x, batch, pixels)}, p.params...)...)
		if err != nil {
			return fmt.Errorf("digits: %w", err)
		}
		collect(first, n, out)
	}
	return nil
}

// featuresProgram computes features and probabilities.
func featuresProgram(backend compute.Backend, net *nn.Network) (*program, error) {
	last := len(net.Layers) - 1
	if last < 1 {
		return nil, errors.New("digits: the network has no layer before the last; give a Classifier")
	}
	body := &nn.Network{Layers: net.Layers[:last]} // shares the parameters
	return newProgram(backend, net, func(p nn.Values, x *Node) []*Node {
		hidden := p.Apply(body, x)
		return []*Node{hidden, Softmax(p.Apply(net.Layers[last], hidden))}
	})
}

// features is [Features] with a compiled program.
func (p *program) features(images []float32) (features, probabilities *mat.Dense, err error) {
	if len(images) == 0 || len(images)%pixels != 0 {
		return nil, nil, fmt.Errorf("digits: %d pixels are no images; give 28×28 = %d for each", len(images), pixels)
	}
	for i, v := range images {
		if !(0 <= v && v <= 1) { // NaN too
			return nil, nil, fmt.Errorf("digits: pixel %d of image %d is %v; give values in [0, 1], (x+1)/2 for x in [-1, 1]", i%pixels, i/pixels, v)
		}
	}
	var values [2][]float64
	err = run(p, images, func(_, n int, out []*tensors.Tensor) {
		for i, x := range out {
			for _, v := range tensors.MustCopyFlatData[float32](x)[:n*x.Shape().Dim(1)] {
				values[i] = append(values[i], float64(v))
			}
		}
	})
	if err != nil {
		return nil, nil, err
	}
	m := len(images) / pixels
	return mat.NewDense(m, len(values[0])/m, values[0]), mat.NewDense(m, len(values[1])/m, values[1]), nil
}
