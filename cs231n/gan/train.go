package gan

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/optim"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// Config holds a GAN's networks, optimizers, losses and data. Train it with [training.Run].
type Config struct {
	Model            string // recorded in the checkpoint, for instance "gan"
	D, G             *nn.Network
	DSolver, GSolver optim.Rule
	DLoss            func(scoresReal, scoresFake *Node) *Node
	GLoss            func(scoresFake *Node) *Node

	Images   []byte     // (M, 784) pixels 0…255, used in this order; an incomplete last batch is dropped
	Stream   *rng.Torch // source of the noise
	NoiseDim int        // noise values per image; 0 means the input width of G's first layer, a Linear
	Epochs   int        // passes over Images if the options set none; 0 means 10
}

// sampleCount is the number of generated images in a sample, a 4×4 grid.
const sampleCount = 16

// stepsPerCall is the maximum number of iterations per call of the compiled program, for networks with fewer than
// manyParams parameters. With larger networks the overhead of a call does not matter.
const (
	stepsPerCall = 16
	manyParams   = 4e6
)

// Task describes the training: each iteration takes the next batch of images, updates D on it and on fakes, then updates
// G against the new D. Its losses are "D" and "G".
func (c Config) Task() (training.Task, error) {
	if c.D == nil || c.G == nil || c.DSolver == nil || c.GSolver == nil || c.DLoss == nil || c.GLoss == nil || c.Stream == nil {
		return training.Task{}, errors.New("gan: Config needs D, G, DSolver, GSolver, DLoss, GLoss and a Stream")
	}
	images := len(c.Images) / Pixels
	if images == 0 || len(c.Images)%Pixels != 0 {
		return training.Task{}, fmt.Errorf("gan: Images has %d bytes; it needs whole images of %d", len(c.Images), Pixels)
	}
	if c.NoiseDim == 0 {
		if params := c.G.Layers[0].Params(); len(params) > 0 && params[0].Shape().Rank() == 2 {
			c.NoiseDim = params[0].Shape().Dim(1)
		} else {
			return training.Task{}, errors.New("gan: G does not begin with a Linear layer; set Config.NoiseDim to the width of its input")
		}
	}
	t := training.Task{
		Model:    c.Model,
		Modules:  []training.Module{{Name: "D", Params: c.D.Params(), Optimizer: c.DSolver}, {Name: "G", Params: c.G.Params(), Optimizer: c.GSolver}},
		Losses:   []string{"D", "G"},
		Settings: []training.Setting{{Key: "images", Label: "number of images", Value: images}},
		Streams:  []training.Stream{{Key: "stream", Label: "noise", RandomStream: c.Stream}},
		Data:     []*tensors.Tensor{tensors.FromFlatDataAndDimensions(c.Images, images, Pixels)},
		Examples: images,
		Draw:     c.draw, Step: c.step, SampleShape: []int{sampleCount, Pixels}, Keep: []string{"G"},
		Line: func(i, _ int, losses []float64) string {
			return fmt.Sprintf("Iter: %d, D: %s, G:%s", i, format4(losses[0]), format4(losses[1]))
		},
		Check: func(batch int) error {
			if batch < sampleCount || batch > images {
				return fmt.Errorf("gan: a batch cannot have %d images; it needs at least %d and at most the %d in Images", batch, sampleCount, images)
			}
			return nil
		},
		Epochs: cmp.Or(c.Epochs, 10), BatchSize: BatchSize, LogEvery: 250,
	}
	if nn.CountParams(c.D)+nn.CountParams(c.G) < manyParams {
		t.PerCall = stepsPerCall
	}
	return t, nil
}

// draw returns the noise for both updates and the index of the first image of the batch.
func (c Config) draw(i, batchSize int) ([]*tensors.Tensor, error) {
	batch := i % (len(c.Images) / Pixels / batchSize)
	if batch == 0 {
		c.Stream.BaseSeed() // PyTorch's DataLoader draws a seed at the start of each epoch
	}
	noise := func() *tensors.Tensor {
		return tensors.FromFlatDataAndDimensions(SampleNoise(batchSize, c.NoiseDim, c.Stream), batchSize, c.NoiseDim)
	}
	return []*tensors.Tensor{noise(), noise(), tensors.FromScalar(int32(batch * batchSize))}, nil
}

// step builds one iteration.
//
// Shapes: data: images (M, 784) uint8, batch: noise (N, dim) twice, first: scalar int32 -> D's loss, G's loss, both scalars,
// and the first 16 of G's fakes, (16, 784).
func (c Config) step(s *training.Step) (losses []*Node, samples *Node) {
	dtype := c.G.Params()[0].Shape().DType
	z1, z2, first := ConvertDType(s.Batch[0], dtype), ConvertDType(s.Batch[1], dtype), s.Batch[2]
	n := z1.Shape().Dim(0)

	// Update D. No gradient flows back into G.
	rows := Add(Iota(first.Graph(), shapes.Make(dtypes.Int32, n, 1), 0), first)
	real := preprocess(Gather(s.Data[0], rows), dtype)
	fake := s.Params("G").Apply(c.G, z1)
	scoresReal, scoresFake, back := c.discriminate(s.Params("D"), real, fake)
	lossD := c.DLoss(scoresReal, scoresFake)
	s.Update("D", back(lossD))

	// Update G against the updated D.
	fake, backG := c.G.Forward(s.Params("G"), z2)
	scores, backD := c.D.Forward(s.Params("D"), fake)
	lossG := c.GLoss(scores)
	dFake, _ := backD(Gradient(lossG, scores)[0])
	_, dG := backG(dFake)
	s.Update("G", dG)

	return []*Node{lossD, lossG}, Slice(fake, AxisRange(0, sampleCount))
}

// discriminate scores real and fake images. back builds the gradients of a loss of these scores with respect to D's
// parameters. D scores both as one batch, which is faster, unless one of its layers mixes the images of a batch.
func (c Config) discriminate(p nn.Values, real, fake *Node) (scoresReal, scoresFake *Node, back func(loss *Node) []*Node) {
	if c.D.MixesBatch() {
		scoresReal, backReal := c.D.Forward(p, real)
		scoresFake, backFake := c.D.Forward(p, fake)
		return scoresReal, scoresFake, func(loss *Node) []*Node {
			dscores := Gradient(loss, scoresReal, scoresFake)
			_, grads := backReal(dscores[0])
			_, more := backFake(dscores[1])
			for i := range grads {
				grads[i] = Add(grads[i], more[i])
			}
			return grads
		}
	}
	n := real.Shape().Dim(0)
	scores, backD := c.D.Forward(p, Concatenate([]*Node{real, fake}, 0))
	return SliceAxis(scores, 0, AxisRange(0, n)), SliceAxis(scores, 0, AxisRange(n)), func(loss *Node) []*Node {
		_, grads := backD(Gradient(loss, scores)[0])
		return grads
	}
}

// preprocess maps pixels 0…255 to [0, 1], as torchvision's ToTensor does, and then to 2·(x − 0.5) in [−1, 1].
func preprocess(pixels *Node, dtype dtypes.DType) *Node {
	x := DivScalar(ConvertDType(pixels, dtype), 255)
	return MulScalar(AddScalar(x, -0.5), 2)
}

// format4 formats x as Python's '{:.4}' does: four significant digits, at least one of them after the decimal point, or an
// exponent.
func format4(x float64) string {
	s := strconv.FormatFloat(x, 'g', 4, 64)
	switch {
	case strings.ContainsAny(s, "e."):
		return s
	case len(strings.TrimPrefix(s, "-")) < 4:
		return s + ".0"
	}
	s = strconv.FormatFloat(x, 'e', 3, 64)
	digits, exponent, _ := strings.Cut(s, "e")
	return strings.TrimSuffix(strings.TrimRight(digits, "0"), ".") + "e" + exponent
}

// Load reads a run from its folder and sets the parameters of D and G, which must have the same layers as in training.
// Either may be nil. The result has the losses of D and G.
func Load(dir training.Folder, d, g *nn.Network) (*training.Result, error) {
	file, r, err := dir.Open([]string{"D", "G"})
	if err != nil {
		return nil, err
	}
	modules := map[string][]*nn.Param{}
	for scope, n := range map[string]*nn.Network{"D": d, "G": g} {
		if n != nil {
			modules[scope] = n.Params()
		}
	}
	return r, file.Set(modules)
}
