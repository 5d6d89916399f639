package gan

import (
	"errors"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/cs231n-go/assignment3/cs231n/loop"
	"github.com/cs231n-go/assignment3/cs231n/optim"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// sampleCount is how many of a step's fakes are shown: a 4×4 grid.
const sampleCount = 16

// together is how many iterations one call of the compiled program takes at most, where networks have fewer than
// manyParams parameters. An iteration of larger ones takes so long that a call would hold one or two, and hands
// more over than it saves.
const (
	together   = 16
	manyParams = 4e6
)

// steps are iterations of the game, compiled: D's update, then G's update against the new D, and again.
type steps struct {
	program *training.Program
	most    int       // iterations in a call
	first   []int32   // (most), the rows of images where the batches begin
	z1, z2  []float32 // (most, N, noise), the noise of D's turn and of G's
}

// newSteps prepares the computation over the variables of store, which holds D below /D and G below
// /G. XLA compiles it at the first call.
func newSteps(devices training.Devices, store *model.Store, c *Config) (*steps, error) {
	most := 1
	if loop.Works(devices.Backend) && CountParams(c.D)+CountParams(c.G) < manyParams {
		most = together
	}
	images := tensors.FromFlatDataAndDimensions(c.Images, len(c.Images)/Pixels, Pixels)
	program, err := training.NewProgram(devices, store, []*tensors.Tensor{images}, func(scope *model.Scope, inputs []*Node) []*Node {
		images, z1, z2, n, first := inputs[0], inputs[1], inputs[2], inputs[3], inputs[4]
		scopeD, scopeG := scope.In("D"), scope.In("G")
		varsD, varsG := c.D.variables(scopeD), c.G.variables(scopeG)
		scalar := shapes.Make(dtypes.Float32)
		return loop.Steps{
			Most:    most,
			Vars:    slices.Concat(varsD, varsG, c.DSolver.Variables(store, varsD), c.GSolver.Variables(store, varsG)),
			Outputs: []shapes.Shape{scalar, scalar, shapes.Make(dtypes.Float32, sampleCount, Pixels)},
		}.Run(n, []*Node{images}, []*Node{first, z1, z2}, func(images, each []*Node) []*Node {
			return c.stepGraph(scopeD, scopeG, images[0], each[0], each[1], each[2])
		})
	})
	if err != nil {
		return nil, err
	}
	size := most * c.BatchSize * c.noiseDim()
	return &steps{program: program, most: most, first: make([]int32, most), z1: make([]float32, size), z2: make([]float32, size)}, nil
}

// stepGraph builds one iteration.
//
// Shapes: images (M, 784) uint8, first: scalar int32, the row where the batch begins, z1 and z2: (N, noise)
// -> D's loss, G's loss, both scalars, and the first 16 of G's fakes, (16, 784).
func (c *Config) stepGraph(scopeD, scopeG *model.Scope, images, first, z1, z2 *Node) []*Node {
	g := images.Graph()
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
	real := preprocess(Gather(images, rows), z1.DType())
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
func preprocess(pixels *Node, dtype dtypes.DType) *Node {
	x := DivScalar(ConvertDType(pixels, dtype), 255)
	return MulScalar(AddScalar(x, -0.5), 2)
}

// run does iterations i … i+n−1. It returns both losses of each, and the samples (most, 16, 784), which stay
// on the device until they are asked for.
func (s *steps) run(c *Config, i, n int) (losses [][]float64, samples *tensors.Tensor, err error) {
	batches, size := len(c.Images)/Pixels/c.BatchSize, len(s.z1)/s.most
	for t := range n {
		batch := (i + t) % batches
		if batch == 0 {
			c.Stream.BaseSeed() // PyTorch's DataLoader draws it whenever an epoch begins
		}
		s.first[t] = int32(batch * c.BatchSize)
		fillNoise(s.z1[t*size:(t+1)*size], c.Stream)
		fillNoise(s.z2[t*size:(t+1)*size], c.Stream)
	}
	noise := func(z []float32) *tensors.Tensor {
		return tensors.FromFlatDataAndDimensions(z, s.most, c.BatchSize, c.noiseDim())
	}
	out, err := s.program.Run(
		[]*tensors.Tensor{noise(s.z1), noise(s.z2)},
		[]*tensors.Tensor{tensors.FromScalar(int32(n)), tensors.FromValue(s.first)})
	if err != nil {
		return nil, nil, err
	}
	d, errD := tensors.CopyFlatData[float32](out[0])
	g, errG := tensors.CopyFlatData[float32](out[1])
	if err := errors.Join(errD, errG); err != nil {
		return nil, nil, err
	}
	for t := range n {
		losses = append(losses, []float64{float64(d[t]), float64(g[t])})
	}
	return losses, out[2], nil
}
