package diffusion

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/cs231n-go/assignment3/cs231n/mnist"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/optim"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

const (
	BatchSize    = 64   // images per training step
	DefaultSteps = 8000 // training steps

	modelName   = "diffusion"
	module      = "net"               // scope of the parameters in a checkpoint
	averages    = "average/" + module // scope of their averages
	drop        = 0.1                 // share of labels that training hides
	sampleCount = 16                  // images in a sample, a 4×4 grid
)

// Config holds a network, its objective and its training data. Train it with [training.Run], for Steps iterations.
type Config struct {
	Net       *UNet
	Objective Objective
	Train     mnist.Set  // used in its order; an incomplete last batch is dropped
	Stream    *rng.Torch // draws times, noise and hidden labels, in this order in each iteration
	// Steps is the number of iterations over which the learning rate falls. 0 means DefaultSteps.
	Steps int
}

// Task describes the training: each iteration mixes the next batch of images with noise and takes a step of Adam
// (β₁ = 0.9, β₂ = 0.99) towards the target of the objective. The learning rate rises to 2e-3 within 200 iterations and falls
// to a twentieth of it, as half a cosine. One label of ten is hidden, so the network also learns to draw without one, which
// guidance needs. The loss is the mean squared error, named "loss". The samples are drawn with averaged weights.
func (c Config) Task() (training.Task, error) {
	n := c.Train.N
	switch {
	case c.Net == nil || c.Objective == nil || c.Stream == nil:
		return training.Task{}, errors.New("diffusion: Config needs a Net, an Objective and a Stream")
	case n == 0 || c.Train.Rows*c.Train.Cols != Pixels || len(c.Train.Images) != n*Pixels || len(c.Train.Labels) != n:
		return training.Task{}, fmt.Errorf("diffusion: cannot train on %d images of %d×%d with %d pixels and %d labels; Train needs images of 28×28 with a label each",
			n, c.Train.Rows, c.Train.Cols, len(c.Train.Images), len(c.Train.Labels))
	case c.Steps < 0:
		return training.Task{}, fmt.Errorf("diffusion: %d steps; give a positive number, or 0 for %d", c.Steps, DefaultSteps)
	}
	c.Steps = cmp.Or(c.Steps, DefaultSteps)
	return training.Task{
		Model: modelName,
		Modules: []training.Module{{Name: module, Params: c.Net.Params(), Optimizer: optim.Averaged{Rule: optim.Adam{
			LearningRate: 2e-3, Betas: [2]float64{0.9, 0.99}, Schedule: optim.Cosine{Warmup: 200, Steps: c.Steps, Final: 0.05},
		}}}},
		Losses: []string{"loss"},
		Settings: []training.Setting{
			{Key: "objective", Label: "objective", Value: c.Objective.Name()}, {Key: "images", Label: "number of images", Value: n},
			{Key: "steps", Label: "steps of the learning rate", Value: c.Steps},
		},
		Streams:  []training.Stream{{Key: "stream", Label: "noise", RandomStream: c.Stream}},
		Data:     []*tensors.Tensor{tensors.FromFlatDataAndDimensions(c.Train.Images, n, Pixels)},
		Examples: n,
		Draw:     c.draw, Step: c.step, Sample: c.samples(), Keep: []string{averages},
		Line: func(i, total int, losses []float64) string {
			return fmt.Sprintf("Iteration %d of %d, loss: %.4f", i+1, total, losses[0])
		},
		Check: func(batch int) error {
			if batch > n {
				return fmt.Errorf("diffusion: a batch cannot have %d images; there are %d", batch, n)
			}
			return nil
		},
		Epochs: (c.Steps*BatchSize + n - 1) / n, BatchSize: BatchSize, LogEvery: 500,
	}, nil
}

// draw returns times, noise, labels and the index of the first image of the batch.
func (c Config) draw(i, batch int) ([]*tensors.Tensor, error) {
	first := i % (c.Train.N / batch) * batch
	times := c.Objective.draw(c.Stream, batch)
	noise := make([]float32, batch*Pixels)
	c.Stream.Normal(noise, 0, 1)
	hide := make([]float32, batch)
	c.Stream.Uniform(hide, 0, 1)
	labels := make([]int32, batch)
	for j := range labels {
		labels[j] = int32(c.Train.Labels[first+j])
		if hide[j] < drop {
			labels[j] = NoLabel
		}
	}
	return []*tensors.Tensor{
		tensors.FromFlatDataAndDimensions(times, batch), tensors.FromFlatDataAndDimensions(noise, batch, Pixels),
		tensors.FromFlatDataAndDimensions(labels, batch), tensors.FromScalar(int32(first)),
	}, nil
}

// step builds one iteration.
//
// Shapes: data: images (M, 784) uint8, batch: times (N), noise (N, 784), labels (N) int32, first: scalar int32 -> loss: scalar.
func (c Config) step(s *training.Step) (losses []*Node, samples *Node) {
	drawn, noise, label, first := s.Batch[0], s.Batch[1], s.Batch[2], s.Batch[3]
	rows := Add(Iota(first.Graph(), shapes.Make(dtypes.Int32, noise.Shape().Dim(0), 1), 0), first)
	image := preprocess(Gather(s.Data[0], rows))
	loss, back := c.Loss(s.Params(module), image, noise, drawn, label)
	s.Update(module, back)
	return []*Node{loss}, nil
}

// Loss builds the loss of a batch and its gradients with respect to the parameters of Net.
//
// Shapes: image: (N, 784) in [−1, 1], noise: (N, 784), drawn: (N), the objective's training times, label: (N) int32
// -> scalar, and a gradient for each parameter.
func (c Config) Loss(p nn.Values, image, noise, drawn, label *Node) (loss *Node, grads []*Node) {
	time, alpha, sigma := c.Objective.mixture(drawn)
	x := Add(Mul(ExpandAxes(alpha, -1), image), Mul(ExpandAxes(sigma, -1), noise))
	predicted, back := c.Net.Forward(p, x, time, label)
	wrong := Sub(predicted, c.Objective.target(image, noise))
	return ReduceAllMean(Square(wrong)), back(MulScalar(wrong, 2/float64(wrong.Shape().Size())))
}

// preprocess maps pixels 0…255 to [−1, 1].
func preprocess(pixels *Node) *Node {
	return AddScalar(DivScalar(ConvertDType(pixels, dtypes.Float32), 127.5), -1)
}

// samples returns a function that draws a digit of every kind, and six more, with the averaged weights.
func (c Config) samples() func(backend compute.Backend, store *model.Store) ([][]float32, error) {
	labels := make([]int32, sampleCount)
	for i := range labels {
		labels[i] = int32(i % NoLabel)
	}
	s := &Sampler{Net: NewUNet(c.Net.Channels, nil), Objective: c.Objective, Steps: DefaultSamplerSteps, Guidance: DefaultGuidance}
	return func(backend compute.Backend, store *model.Store) ([][]float32, error) {
		for _, p := range s.Net.Params() {
			value, err := store.GetVariable(nn.Path(averages, p)).Value()
			if err == nil {
				p.Value, err = value.LocalClone()
			}
			if err != nil {
				return nil, fmt.Errorf("diffusion: the average of %s: %w", p.Name, err)
			}
		}
		images, err := s.Sample(backend, labels, rng.NewTorch(0))
		if err != nil {
			return nil, err
		}
		return slices.Collect(slices.Chunk(images, Pixels)), nil
	}
}

// Load reads a run from its folder: a sampler with the averaged weights and the default steps and guidance, and the record
// of the run with its loss.
func Load(folder training.Folder) (*Sampler, *training.Result, error) {
	file, r, err := folder.Open([]string{"loss"}, modelName)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w; `cs231n train diffusion` trains one", err)
		}
		return nil, nil, err
	}
	var name string
	if err := file.Decode("objective", &name); err != nil {
		return nil, nil, err
	}
	objective, err := ObjectiveByName(name)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", file.Path, err)
	}
	shape := file.Shape("/" + averages + "/stem/weight")
	if shape.Rank() != 4 || shape.Dim(0)%groups != 0 {
		return nil, nil, fmt.Errorf("diffusion: %s has no averaged weights of a U-Net", file.Path)
	}
	net := NewUNet(shape.Dim(0), nil)
	if err := file.Set(map[string][]*nn.Param{averages: net.Params()}); err != nil {
		return nil, nil, err
	}
	return &Sampler{Net: net, Objective: objective, Steps: DefaultSamplerSteps, Guidance: DefaultGuidance}, r, nil
}
