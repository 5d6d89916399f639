// Package captioning implements the assignment's image captioning models, their training, and the generation of captions.
//
// In shapes N is the batch size, T the number of words of a caption, D the number of image features, W the width of a word
// vector, H the number of hidden units, V the size of the vocabulary. A caption is a row of word ids: <START> … <END>,
// padded with <NULL> to a common length.
package captioning

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strings"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/optim"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// modelScope and solverName are the scopes of the parameters and of the optimizer's state in a checkpoint.
const (
	modelScope = "model"
	solverName = "solver"
)

// Model is a captioning model that a [Solver] can train.
type Model interface {
	// Kind returns the kind of model, for instance "lstm".
	Kind() string
	// Params lists the parameters in the order of their initialization.
	Params() []*nn.Param
	// Training returns the settings of the model for a [Solver].
	Training() Training
	// Check returns an error if the model cannot be trained on a data set.
	Check(data *coco.Data) error
	// StepGraph builds the loss of a batch and the gradients of the parameters.
	//
	// Shapes: features: (N, D), captions: (N, T) integers, seeds: (K) uint32 or nil -> loss: scalar, grads: as Params.
	StepGraph(p nn.Values, features, captions, seeds *Node) (loss *Node, grads []*Node)
}

// Training holds a model's settings for training.
type Training struct {
	Rule     string             // default update rule; see [optim.ByName]
	Noise    *rng.Torch         // stream of dropout; nil means no dropout
	Seeds    int                // draws from Noise in each step
	PerCall  int                // maximum number of steps per call of the compiled program; 0 means 1
	Settings []training.Setting // settings of the model that a resumed run must not change
}

// Solver is the assignment's CaptioningSolver. [training.Run] trains its model on the captions of its data set.
type Solver struct {
	Model  Model
	Data   *coco.Data
	Stream *rng.NumPy // draws the batches

	UpdateRule   string  // see [optim.ByName]; empty means the model's default: sgd for an RNN, torch_adam for a Transformer
	LearningRate float64 // 0 means the rule's default; a resumed run keeps the rate of its checkpoint
	LRDecay      float64 // factor on the learning rate after every epoch; 0 means 1
}

// Task describes the training: each iteration draws a batch of captions, with replacement, and takes one step of the update
// rule. Its loss is named "loss".
func (s Solver) Task() (training.Task, error) {
	if s.Model == nil || s.Data == nil || s.Stream == nil {
		return training.Task{}, errors.New("captioning: a Solver needs a Model, Data and a Stream")
	}
	own, train := s.Model.Training(), &s.Data.Train
	s.UpdateRule, s.LRDecay = cmp.Or(s.UpdateRule, own.Rule), cmp.Or(s.LRDecay, 1)
	rule, err := optim.ByName(s.UpdateRule, solverName, s.LearningRate)
	switch {
	case !(s.LearningRate >= 0) || !(s.LRDecay > 0) || math.IsInf(s.LRDecay, 1):
		err = fmt.Errorf("captioning: the learning rate (%g) and its decay (%g) must be positive and finite", s.LearningRate, s.LRDecay)
	case err == nil && (train.Len() == 0 || train.Length < 2):
		err = errors.New("captioning: the data set has no captions to train on")
	case err == nil:
		err = s.Model.Check(s.Data)
	}
	if err != nil {
		return training.Task{}, err
	}
	t := training.Task{
		Model:   s.Model.Kind(),
		Modules: []training.Module{{Name: modelScope, Params: s.Model.Params(), Optimizer: rule}},
		Losses:  []string{"loss"},
		Settings: append([]training.Setting{
			{Key: "captions", Label: "number of captions", Value: train.Len()},
			{Key: "vocabulary", Label: "vocabulary", Value: vocabularyDigest(&s.Data.Vocab)},
			{Key: "rule", Label: "update rule", Value: s.UpdateRule},
		}, own.Settings...),
		Streams: []training.Stream{{Key: "stream", Label: "random batches", RandomStream: s.Stream}},
		Data: []*tensors.Tensor{
			tensors.FromFlatDataAndDimensions(train.Captions, train.Len(), train.Length),
			tensors.FromFlatDataAndDimensions(train.ImageIdxs, train.Len()),
			tensors.FromFlatDataAndDimensions(train.Features, train.Images(), train.Dim),
		},
		Examples: train.Len(), PerCall: own.PerCall,
		Draw:     func(_, batch int) ([]*tensors.Tensor, error) { return s.draw(own, batch), nil },
		Step:     s.step,
		EndEpoch: func(store *model.Store) error { return optim.ScaleLearningRate(store, solverName, s.LRDecay) },
		Line: func(i, total int, losses []float64) string {
			return fmt.Sprintf("(Iteration %d / %d) loss: %f", i+1, total, losses[0])
		},
		Epochs: 10, BatchSize: 100, LogEvery: 10,
	}
	if own.Noise != nil {
		t.Streams = append(t.Streams, training.Stream{Key: noiseKey, Label: "dropout", RandomStream: own.Noise})
	}
	return t, nil
}

// draw draws the captions of a batch and the seeds of the dropout masks.
func (s Solver) draw(own Training, batch int) []*tensors.Tensor {
	rows := make([]int32, batch)
	for i, row := range s.Stream.Choice(s.Data.Train.Len(), batch) {
		rows[i] = int32(row)
	}
	arrays := []*tensors.Tensor{tensors.FromFlatDataAndDimensions(rows, batch)}
	if own.Noise != nil {
		seeds := make([]uint32, own.Seeds)
		own.Noise.DropoutSeeds(seeds)
		arrays = append(arrays, tensors.FromFlatDataAndDimensions(seeds, own.Seeds))
	}
	return arrays
}

// step builds one iteration.
//
// Shapes: data: captions (M, T), images (M) and features (I, D), batch: rows (N) int32 of the captions and, with dropout,
// seeds (K) uint32 -> loss: scalar.
func (s Solver) step(t *training.Step) (losses []*Node, samples *Node) {
	captions, images, features, rows := t.Data[0], t.Data[1], t.Data[2], ExpandAxes(t.Batch[0], -1)
	p := t.Params(modelScope)
	dtype := s.Model.Params()[0].Shape().DType
	features = ConvertDType(Gather(features, ExpandAxes(Gather(images, rows), -1)), dtype)
	var seeds *Node
	if len(t.Batch) > 1 {
		seeds = t.Batch[1]
	}
	loss, grads := s.Model.StepGraph(p, features, Gather(captions, rows), seeds)
	t.Update(modelScope, grads)
	return []*Node{loss}, nil
}

// noiseKey is the key of dropout's random stream in a checkpoint.
const noiseKey = "noise"

// vocabularyDigest is a hash of the words of a vocabulary.
func vocabularyDigest(v *coco.Vocab) string {
	sum := sha256.Sum256([]byte(strings.Join(v.Words, "\n")))
	return hex.EncodeToString(sum[:8])
}

// checkData checks the width of the features and the word ids.
func checkData(data *coco.Data, dim, vocabulary int) error {
	if data.Train.Dim != dim {
		return fmt.Errorf("captioning: the images have %d features, the model expects %d", data.Train.Dim, dim)
	}
	if i := outside(data.Train.Captions, vocabulary); i >= 0 {
		return fmt.Errorf("captioning: training caption %d has the word id %d, outside the model's vocabulary of %d words", i/data.Train.Length, data.Train.Captions[i], vocabulary)
	}
	return nil
}
