// Package training trains all models. A [Task] describes a model, its data and its step. [Run] does the rest: the folder of
// the run, resuming, random streams, devices, the compiled program, checkpoints, the loss history, progress and
// cancellation. A run can be stopped at any time and resumed without affecting its results.
package training

import (
	"cmp"
	"encoding"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/optim"
)

// Task is the part of a training run that differs from model to model. [Run] does the rest.
type Task struct {
	Model    string    // name of the model, recorded in the checkpoint
	Modules  []Module  // the parameters that are trained
	Losses   []string  // names of the losses of a step; in lower case they are keys in history.json
	Settings []Setting // settings that a resumed run must not change, besides seed and batch size
	Streams  []Stream  // random streams that the task draws from; a checkpoint holds their state

	Data     []*tensors.Tensor // arrays that stay on the devices; Run frees them
	Examples int               // number of training examples, one epoch
	PerCall  int               // maximum number of steps per call of the compiled program; 0 means 1

	// Draw returns the arrays for iteration i. Arrays whose first axis is the batch size are split over the devices.
	Draw func(i, batchSize int) ([]*tensors.Tensor, error)
	// Step builds one iteration: the losses, one scalar for each name, and samples of SampleShape if it is set.
	Step func(s *Step) (losses []*Node, samples *Node)
	// SampleShape is the number of sample images and the number of pixels of each.
	SampleShape []int
	// Sample, if not nil, makes the samples instead of Step, for a model whose samples take a program of their own. It is
	// called after every LogEvery-th iteration with the parameters and the state of the optimizers. PerCall must be 1.
	Sample func(backend compute.Backend, store *model.Store) (images [][]float32, err error)
	Keep   []string // scopes of the parameters that Options.KeepEvery keeps
	// EndEpoch, if not nil, is called after the last iteration of every epoch, for instance to decay the learning rate.
	EndEpoch func(store *model.Store) error
	// Line formats the log line of iteration i, counted from 0.
	Line func(i, total int, losses []float64) string
	// Check, if not nil, returns an error if the task cannot use a batch size.
	Check func(batchSize int) error

	Epochs, BatchSize, LogEvery int // defaults for zeros in Options
}

// Trainable is a model together with its data, losses and optimizers.
type Trainable interface {
	// Task returns the training task, or an error if a field is missing or wrong.
	Task() (Task, error)
}

// Task returns t, which makes a Task [Trainable].
func (t Task) Task() (Task, error) { return t, nil }

// Module is a set of parameters with an optimizer.
type Module struct {
	Name      string // scope of the parameters in a checkpoint
	Params    []*nn.Param
	Optimizer optim.Rule
}

// Setting is a value that must be the same when a run is resumed.
type Setting struct {
	Key   string // key in the checkpoint; if it is missing, as in earlier versions, every value matches
	Label string // for error messages, such as "batch size"
	Value any    // a number or a string; nil means that the checkpoint must not have the key
}

// Stream is a random stream. A checkpoint holds its state.
type Stream struct {
	Key   string // key in the checkpoint
	Label string // for error messages, such as "dropout"
	RandomStream
}

// RandomStream is an [rng.Torch], [rng.NumPy] or [rng.CUDA].
type RandomStream interface {
	encoding.BinaryMarshaler
	encoding.BinaryUnmarshaler
	Err() error
	Hold() (release func() error)
}

// Step holds the inputs of one iteration while its graph is built.
type Step struct {
	Store *model.Store
	Data  []*Node // the arrays of Task.Data
	Batch []*Node // the arrays from Task.Draw

	modules []Module
}

// Params returns the current values of a module's parameters: after [Step.Update] the updated ones.
func (s *Step) Params(module string) nn.Values {
	m := s.module(module)
	nodes := make([]*Node, len(m.Params))
	for i, v := range m.variables(s.Store) {
		nodes[i] = v.NodeValue(slices.Concat(s.Batch, s.Data)[0])
	}
	return nn.Bind(m.Params, nodes)
}

// Update takes one step of a module's optimizer. The gradients are in the order of its parameters.
func (s *Step) Update(module string, grads []*Node) {
	m := s.module(module)
	optim.Update(m.Optimizer, s.Store.Scope("/"+module), m.variables(s.Store), grads)
}

func (s *Step) module(name string) Module {
	i := slices.IndexFunc(s.modules, func(m Module) bool { return m.Name == name })
	if i < 0 {
		panic(fmt.Errorf("training: the task has no module %q", name))
	}
	return s.modules[i]
}

// Options are the settings that all training runs share. Zero values have the documented meaning.
type Options struct {
	Epochs    int // passes over the training set; 0 means the task's default
	Iters     int // if above 0, the number of iterations instead of Epochs
	BatchSize int // examples in a step; 0 means the task's default
	LogEvery  int // iterations between log lines and samples; 0 means the task's default
	SaveEvery int // iterations between checkpoints; 0 means 250
	KeepEvery int // iterations between copies of the parameters that stay in Folder, see [Folder.Kept]; 0 means none
	Devices   int // number of the backend's devices that share each batch; 0 means 1

	Seed   uint64 // recorded in checkpoint and history; it does not seed the task's streams
	Folder Folder // receives checkpoint and history; empty means that nothing is saved
	// Resume continues the run in Folder, with the learning rates in its checkpoint. Otherwise that run is moved to
	// Folder/previous.
	Resume bool

	Log       io.Writer                                     // receives a line every LogEvery iterations; nil means none
	OnStep    func(done, total int, losses ...float64)      // called after every iteration
	OnSamples func(iteration int, images [][]float32) error // called with the samples of every LogEvery-th iteration
}

// fill replaces zeros with their defaults and validates the settings.
func (o *Options) fill(t *Task) error {
	o.Epochs, o.BatchSize = cmp.Or(o.Epochs, t.Epochs, 1), cmp.Or(o.BatchSize, t.BatchSize, 1)
	o.LogEvery, o.SaveEvery, t.PerCall = cmp.Or(o.LogEvery, t.LogEvery, 1), cmp.Or(o.SaveEvery, 250), cmp.Or(t.PerCall, 1)
	if o.Log == nil {
		o.Log = io.Discard
	}
	name := t.repeated()
	switch {
	case name != "":
		return fmt.Errorf("training: the name %s is used twice or reserved; give each loss, setting, stream and parameter a unique name", name)
	case slices.ContainsFunc(t.Data, func(data *tensors.Tensor) bool { return !data.Ok() }):
		return errors.New("training: the data of this Task were freed by an earlier run; build a new Task")
	case len(t.Modules) == 0 || len(t.Losses) == 0 || t.Draw == nil || t.Step == nil || t.Line == nil || t.Examples < 1:
		return errors.New("training: a Task needs modules, losses, examples, Draw, Step and Line")
	case t.Sample != nil && (t.SampleShape != nil || t.PerCall > 1):
		return errors.New("training: a Task with Sample has no SampleShape, and PerCall is 1")
	case o.KeepEvery > 0 && len(t.Keep) == 0:
		return fmt.Errorf("training: KeepEvery is %d, but the Task of %s names nothing to keep", o.KeepEvery, t.Model)
	case o.Epochs < 0 || o.Iters < 0 || o.LogEvery < 0 || o.SaveEvery < 0 || o.KeepEvery < 0 || o.BatchSize < 0:
		return fmt.Errorf("training: epochs (%d), iterations (%d), batch size (%d) and intervals (%d, %d, %d) cannot be negative",
			o.Epochs, o.Iters, o.BatchSize, o.LogEvery, o.SaveEvery, o.KeepEvery)
	case t.Check != nil:
		return t.Check(o.BatchSize)
	}
	return nil
}

// repeated returns a name that is used twice by losses, settings, streams, parameters and the checkpoint's own state. It is
// empty if all names are unique.
func (t *Task) repeated() (name string) {
	seen := map[string]bool{"model": true, "seed": true, "batch": true, "iteration": true, "total": true, "shown": true}
	use := func(n string) {
		if seen[n] {
			name = n
		}
		seen[n] = true
	}
	for _, loss := range t.Losses {
		use(strings.ToLower(loss))
	}
	for _, s := range t.Settings {
		use(s.Key)
	}
	for _, s := range t.Streams {
		use(s.Key)
	}
	for _, m := range t.Modules {
		for _, p := range m.Params {
			use(nn.Path(m.Name, p))
		}
	}
	return name
}
