// Package digits classifies MNIST's handwritten digits with a small convolutional network. It is the shortest example of a
// model built from package nn and trained by package training.
//
// In shapes N is the batch size and M the number of images.
package digits

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/loss"

	"github.com/cs231n-go/assignment3/cs231n/mnist"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/optim"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// BatchSize is the number of images per training step.
const BatchSize = 128

const (
	side   = 28
	pixels = side * side
	module = "net"  // scope of the parameters in a checkpoint
	solver = "adam" // scope of the optimizer's state
)

// Classifier builds the network, after LeNet-5 (LeCun et al. 1998, http://yann.lecun.com/exdb/publis/pdf/lecun-01a.pdf):
// two 5×5 convolutions with ReLU and max pooling, then two fully connected layers. It has 80,202 parameters.
//
// Shapes: (N, 784), values in [0, 1] -> (N, 10) scores.
func Classifier(stream *rng.Torch) *nn.Network {
	return nn.Sequential(
		nn.Unflatten(1, side, side),
		nn.Conv2d(1, 16, 5, stream),
		nn.ReLU(),
		nn.MaxPool2d(),
		nn.Conv2d(16, 32, 5, stream),
		nn.ReLU(),
		nn.MaxPool2d(),
		nn.Flatten(),
		nn.Linear(4*4*32, 128, stream),
		nn.ReLU(),
		nn.Linear(128, 10, stream),
	)
}

// Config holds a classifier and its training data. Train it with [training.Run].
type Config struct {
	Net    *nn.Network
	Train  mnist.Set
	Stream *rng.NumPy // draws the batches
}

// Task describes the training: each iteration draws a batch of images, with replacement, and takes a step of Adam. The
// learning rate starts at 2e-3 and is multiplied by 0.6 after every epoch. The loss is the softmax cross-entropy, named
// "loss".
func (c Config) Task() (training.Task, error) {
	switch {
	case c.Net == nil || c.Stream == nil:
		return training.Task{}, errors.New("digits: Config needs a Net and a Stream")
	case c.Train.N == 0 || c.Train.Rows*c.Train.Cols != pixels:
		return training.Task{}, fmt.Errorf("digits: cannot train on %d images of %d×%d; Train needs images of 28×28", c.Train.N, c.Train.Rows, c.Train.Cols)
	}
	return training.Task{
		Model:    "digits",
		Modules:  []training.Module{{Name: module, Params: c.Net.Params(), Optimizer: optim.Adam{Name: solver, LearningRate: 2e-3}}},
		Losses:   []string{"loss"},
		Settings: []training.Setting{{Key: "images", Label: "number of images", Value: c.Train.N}},
		Streams:  []training.Stream{{Key: "stream", Label: "random batches", RandomStream: c.Stream}},
		Data: []*tensors.Tensor{
			tensors.FromFlatDataAndDimensions(c.Train.Images, c.Train.N, pixels), tensors.FromFlatDataAndDimensions(c.Train.Labels, c.Train.N, 1),
		},
		Examples: c.Train.N,
		Draw:     c.draw,
		Step:     c.step,
		EndEpoch: func(store *model.Store) error { return optim.ScaleLearningRate(store, solver, 0.6) },
		Line: func(i, total int, losses []float64) string {
			return fmt.Sprintf("Iteration %d of %d, loss: %.4f", i+1, total, losses[0])
		},
		Epochs: 8, BatchSize: BatchSize, LogEvery: 100,
	}, nil
}

func (c Config) draw(_, batch int) ([]*tensors.Tensor, error) {
	rows := make([]int32, batch)
	for i, row := range c.Stream.Choice(c.Train.N, batch) {
		rows[i] = int32(row)
	}
	return []*tensors.Tensor{tensors.FromFlatDataAndDimensions(rows, batch, 1)}, nil
}

// step builds one iteration.
//
// Shapes: data: images (M, 784) and labels (M, 1) uint8, batch: rows (N, 1) int32 -> loss: scalar.
func (c Config) step(s *training.Step) (losses []*Node, samples *Node) {
	labels := ConvertDType(Gather(s.Data[1], s.Batch[0]), dtypes.Int32)
	scores, back := c.Net.Forward(s.Params(module), scaled(Gather(s.Data[0], s.Batch[0])))
	mean := ReduceAllMean(loss.SparseCategoricalCrossEntropyLogits([]*Node{labels}, []*Node{scores}))
	_, grads := back(Gradient(mean, scores)[0])
	s.Update(module, grads)
	return []*Node{mean}, nil
}

// scaled maps pixels 0…255 to [0, 1].
func scaled(x *Node) *Node { return DivScalar(ConvertDType(x, dtypes.Float32), 255) }

// Accuracy returns the fraction of images whose label has the highest score.
func Accuracy(backend compute.Backend, net *nn.Network, set mnist.Set) (float64, error) {
	p, err := newProgram(backend, net, func(p nn.Values, x *Node) []*Node {
		return []*Node{ArgMax(p.Apply(net, scaled(x)), -1, dtypes.Int32)}
	})
	if err != nil {
		return 0, err
	}
	defer p.exec.Finalize()
	correct := 0
	err = run(p, set.Images, func(first, n int, out []*tensors.Tensor) {
		for i, digit := range tensors.MustCopyFlatData[int32](out[0])[:n] {
			if digit == int32(set.Labels[first+i]) {
				correct++
			}
		}
	})
	return float64(correct) / float64(set.N), err
}

// Load reads a trained classifier from its folder. It is an error if nothing was trained there, if the folder holds another
// model, or if the training has not ended.
func Load(folder training.Folder) (*nn.Network, *training.Result, error) {
	path, err := filepath.Abs(string(folder))
	if err != nil {
		return nil, nil, fmt.Errorf("digits: %w", err)
	}
	file, r, err := training.Folder(path).Open([]string{"loss"}, "digits")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("digits: no classifier in %s (%w); train one: cs231n train digits --out %[1]q", path, fs.ErrNotExist)
	}
	if err != nil {
		return nil, nil, err
	}
	if r.Iteration < max(r.Total, 1) {
		return nil, nil, fmt.Errorf("digits: training in %s stopped after iteration %d of %d; continue it: cs231n train digits --resume --out %[1]q", path, r.Iteration, r.Total)
	}
	net := Classifier(nil)
	return net, r, file.Set(map[string][]*nn.Param{module: net.Params()})
}
