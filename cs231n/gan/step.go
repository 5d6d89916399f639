package gan

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/cs231n-go/assignment3/cs231n/optim"
)

// sampleCount is how many of a step's fakes are shown: a 4×4 grid.
const sampleCount = 16

// step is one iteration of the game, compiled: D's update, then G's update against the new D.
type step struct {
	exec   *model.Exec
	images *tensors.Tensor // (M, 784) uint8, on the device
	z1, z2 *tensors.Tensor // (N, noise), the noise of D's and of G's turn
}

// newStep prepares the computation over the variables of store, which holds D below /D and G below
// /G. XLA compiles it at the first call.
func newStep(backend compute.Backend, store *model.Store, c *Config) (*step, error) {
	images := tensors.FromFlatDataAndDimensions(c.Images, len(c.Images)/Pixels, Pixels)
	noise := func() *tensors.Tensor {
		return tensors.FromFlatDataAndDimensions(make([]float32, c.BatchSize*c.noiseDim()), c.BatchSize, c.noiseDim())
	}
	exec, err := model.NewExec(backend, store, func(scope *model.Scope, inputs []*Node) []*Node {
		return c.stepGraph(scope, inputs[0], inputs[1], inputs[2], inputs[3])
	})
	if err != nil {
		return nil, err
	}
	return &step{exec: exec, images: images, z1: noise(), z2: noise()}, nil
}

// stepGraph builds one iteration.
//
// Shapes: images (M, 784) uint8, first: scalar int32, the row where the batch begins, z1 and z2
// (N, noise) -> D's loss, G's loss, both scalars, and the first 16 of G's fakes, (16, 784).
func (c *Config) stepGraph(scope *model.Scope, images, first, z1, z2 *Node) []*Node {
	g := images.Graph()
	scopeD, scopeG := scope.In("D"), scope.In("G")
	nodes := func(n *Network, s *model.Scope) []*Node {
		var values []*Node
		for _, v := range n.variables(s) {
			values = append(values, v.NodeValue(g))
		}
		return values
	}

	// D's turn. Its fakes are data: no gradient flows back into G. Real and fake images pass through D
	// as one batch, since no layer of D mixes the images of a batch.
	rows := Add(Iota(g, shapes.Make(dtypes.Int32, c.BatchSize, 1), 0), first)
	real := preprocess(Gather(images, rows))
	fake, _ := c.G.Forward(nodes(c.G, scopeG), z1)
	scores, backD := c.D.Forward(nodes(c.D, scopeD), Concatenate([]*Node{real, fake}, 0))
	lossD := c.DLoss(SliceAxis(scores, 0, AxisRange(0, c.BatchSize)), SliceAxis(scores, 0, AxisRange(c.BatchSize)))
	_, dD := backD(Gradient(lossD, scores)[0])
	optim.Update(c.DSolver, scopeD, c.D.variables(scopeD), dD)

	// G's turn, against the D that has just learned.
	fake, backG := c.G.Forward(nodes(c.G, scopeG), z2)
	scores, backD = c.D.Forward(nodes(c.D, scopeD), fake)
	lossG := c.GLoss(scores)
	dFake, _ := backD(Gradient(lossG, scores)[0])
	_, dG := backG(dFake)
	optim.Update(c.GSolver, scopeG, c.G.variables(scopeG), dG)

	return []*Node{lossD, lossG, Slice(fake, AxisRange(0, sampleCount))}
}

// preprocess turns pixels into what the networks see: 0…255 becomes [0, 1] as torchvision's ToTensor
// does, then 2·(x − 0.5) in [-1, 1].
func preprocess(pixels *Node) *Node {
	x := DivScalar(ConvertDType(pixels, dtypes.Float32), 255)
	return MulScalar(AddScalar(x, -0.5), 2)
}

// run does one iteration on the batch that begins at row first. Samples stay on the device until they
// are asked for.
func (s *step) run(c *Config, first int) (d, g float64, samples *tensors.Tensor, err error) {
	for _, z := range []*tensors.Tensor{s.z1, s.z2} {
		if err := tensors.MutableFlatData(z, func(noise []float32) { fillNoise(noise, c.Stream) }); err != nil {
			return 0, 0, nil, err
		}
	}
	out, err := s.exec.Call(s.images, int32(first), s.z1, s.z2)
	if err != nil {
		return 0, 0, nil, fmt.Errorf("gan: the training step failed on %s: %w", s.exec.Name(), err)
	}
	return float64(tensors.ToScalar[float32](out[0])), float64(tensors.ToScalar[float32](out[1])), out[2], nil
}
