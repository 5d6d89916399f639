package captioning

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/gomlx/compute"

	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/optim"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// Solver is the assignment's CaptioningSolver: it trains a model on the captions of a data set. Zero values
// mean what the original's defaults are.
type Solver struct {
	Model  Model
	Data   *coco.Data
	Stream *rng.NumPy // draws the batches

	UpdateRule   string  // see [optim.ByName]; empty means the model's own: sgd for an RNN, torch_adam for a Transformer
	LearningRate float64 // 0 means the rule's own default
	LRDecay      float64 // factor on the learning rate after every epoch; 0 means 1

	Epochs     int // passes over the captions; 0 means 10
	Iters      int // if above 0, the number of iterations instead of Epochs
	BatchSize  int // captions in a batch; 0 means 100
	PrintEvery int // iterations between log lines; 0 means 10
	SaveEvery  int // iterations between checkpoints; 0 means 250
	Devices    int // how many of the backend's devices share each batch; 0 means 1

	Seed   uint64          // recorded in the history; the stream is the caller's
	Folder training.Folder // keeps checkpoint and history; empty means that nothing is kept
	// Resume goes on where the run in Folder stopped, with the learning rate that it had then; LearningRate does not
	// count. Otherwise that run is moved to Folder/previous.
	Resume bool

	Log    io.Writer                              // receives a line every PrintEvery iterations; nil means none
	OnStep func(done, total int, loss ...float64) // after every iteration
}

// Result is what a run made.
type Result struct {
	Model string
	Seed  uint64
	Loss  []float64 // of every iteration
	training.Progress
}

// Train trains the model. Each iteration draws a batch of captions, with repeats, and takes one step of the
// update rule. A compiled program does that, some iterations in a call, which holds captions, features, parameters and
// the rule's state on the device. The model has the trained parameters when Train returns.
//
// A cancelled context ends training after the iterations at hand, with a checkpoint in the folder and an
// error that matches [context.Canceled]. A run that is resumed from it ends with the same losses as one
// that never stopped.
func (s Solver) Train(ctx context.Context, backend compute.Backend) (result *Result, err error) {
	if err := s.fillAndCheck(); err != nil {
		return nil, err
	}
	rule, err := optim.ByName(s.UpdateRule, solverName, s.LearningRate)
	if err != nil {
		return nil, err // before a run that is there already is moved aside
	}
	devices, err := training.Share(backend, s.Devices, s.BatchSize)
	if err != nil {
		return nil, fmt.Errorf("captioning: %w", err)
	}
	release, err := s.Folder.Claim()
	if err != nil {
		return nil, err
	}
	defer release()
	r, err := s.begin()
	if err != nil {
		return nil, err
	}
	steps, err := s.newSteps(devices, rule)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, steps.program.Close()) }()

	perEpoch := s.iterationsPerEpoch()
	endsEpoch := func(i int) bool { return (i+1)%perEpoch == 0 }
	loop := training.Loop{
		Folder: s.Folder, SaveEvery: s.SaveEvery, OnStep: s.OnStep, Most: steps.most, Last: endsEpoch,
		Steps: func(i, n int) ([][]float64, error) {
			losses, err := s.run(steps, n)
			if err != nil {
				return nil, err
			}
			for t, loss := range losses {
				r.Loss = append(r.Loss, loss...)
				if s.Log != nil && (i+t)%s.PrintEvery == 0 {
					fmt.Fprintf(s.Log, "(Iteration %d / %d) loss: %f\n", i+t+1, r.Total, loss[0])
				}
			}
			if endsEpoch(i + n - 1) {
				err = optim.ScaleLearningRate(s.Model.variables(), solverName, s.LRDecay)
			}
			return losses, errors.Join(err, s.Stream.Err())
		},
		Save: func() error { return s.save(r) },
	}
	if err := loop.Run(ctx, &r.Progress); err != nil {
		return nil, fmt.Errorf("captioning: %w", err)
	}
	return r, nil
}

// begin starts a run or takes up an unfinished one.
func (s *Solver) begin() (*Result, error) {
	if s.Resume && s.Folder != "" {
		if r, err := s.takeUp(); r != nil || err != nil {
			return r, err
		}
	}
	previous, err := s.Folder.SetAside()
	if err != nil {
		return nil, err
	}
	if previous != "" && s.Log != nil {
		fmt.Fprintf(s.Log, "The run in %s is moved to %s.\n", s.Folder, previous)
	}
	return &Result{Model: s.Model.Kind(), Seed: s.Seed, Progress: training.Progress{Total: s.total()}},
		s.Model.variables().DeleteVariablesInScope("/" + solverName)
}

func (s *Solver) iterationsPerEpoch() int { return max(s.Data.Train.Len()/s.BatchSize, 1) }

// total is the number of iterations that are asked for.
func (s *Solver) total() int {
	if s.Iters > 0 {
		return s.Iters
	}
	return s.Epochs * s.iterationsPerEpoch()
}

// fillAndCheck replaces zero values by their meaning and refuses what cannot be trained.
func (s *Solver) fillAndCheck() error {
	for _, d := range []struct {
		field *int
		value int
	}{{&s.Epochs, 10}, {&s.BatchSize, 100}, {&s.PrintEvery, 10}, {&s.SaveEvery, 250}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	if s.Model == nil || s.Data == nil || s.Stream == nil {
		return errors.New("captioning: a Solver needs a Model, Data and a Stream")
	}
	if s.UpdateRule == "" {
		s.UpdateRule = s.Model.rule()
	}
	if s.LRDecay == 0 {
		s.LRDecay = 1
	}
	switch {
	case s.Epochs < 0 || s.Iters < 0 || s.BatchSize < 0 || s.PrintEvery < 0 || s.SaveEvery < 0:
		return fmt.Errorf("captioning: epochs (%d), iterations (%d), batch (%d) and intervals (%d, %d) cannot be negative", s.Epochs, s.Iters, s.BatchSize, s.PrintEvery, s.SaveEvery)
	case !(s.LearningRate >= 0) || !(s.LRDecay > 0) || math.IsInf(s.LRDecay, 1):
		return fmt.Errorf("captioning: the learning rate (%g) and its decay (%g) have to be positive and finite", s.LearningRate, s.LRDecay)
	case s.Data.Train.Len() == 0 || s.Data.Train.Length < 2:
		return errors.New("captioning: the data set has no captions to train on")
	}
	return s.Model.suits(s.Data)
}
