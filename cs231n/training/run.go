package training

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/cs231n-go/assignment3/cs231n/loop"
	"github.com/cs231n-go/assignment3/cs231n/nn"
)

// run is a training run.
type run struct {
	Options
	task    Task
	store   *model.Store // parameters and optimizer state
	result  *Result
	program *program
	samples []*tensors.Tensor // of the current call, one tensor (PerCall, count, pixels) or none
	first   int               // first iteration of the current call
}

// Run trains a model. A compiled program runs several steps per call. The data, the parameters and the state of the
// optimizers stay on the device.
//
// If a run ends early, the parameters have their values after the last step, and Run returns the partial result with the
// error. The streams have their state after that step, or a later one if a batch could not be drawn. If the device fails,
// the parameters keep their values from before the run, and the checkpoint has those of the last save.
//
// If ctx is canceled, Run finishes the current steps, saves a checkpoint in Folder and returns an error that matches
// [context.Canceled]. A run that is resumed from there has the same losses as an uninterrupted one.
func Run(ctx context.Context, backend compute.Backend, t Trainable, o Options) (result *Result, err error) {
	task, err := t.Task()
	if err != nil {
		return nil, err
	}
	r := &run{Options: o, task: task}
	if err := r.fill(&r.task); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err // before a run in the folder is set aside
	}
	devices, err := newDevices(backend, r.Devices, r.BatchSize)
	if err != nil {
		return nil, err
	}
	release, err := r.Folder.Claim()
	if err != nil {
		return nil, err
	}
	defer release()
	for _, s := range r.task.Streams { // a stream bound to a file would write the file at every draw
		release := s.Hold()
		defer func() { err = errors.Join(err, release()) }()
	}
	if err := r.begin(); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.end()) }()
	if err := r.compile(devices); err != nil {
		return r.result, err
	}
	return r.result, stepper{
		folder: r.Folder, saveEvery: r.SaveEvery, keepEvery: r.KeepEvery, perCall: r.task.PerCall, perEpoch: r.perEpoch(),
		call: r.call, done: r.done, save: r.save, now: time.Now,
	}.run(ctx, &r.result.Progress)
}

// begin resumes the run in the folder or sets it aside and starts a new one.
func (r *run) begin() error {
	if r.Resume && r.Folder != "" {
		if found, err := r.resume(); found || err != nil {
			return err
		}
	}
	previous, err := r.Folder.SetAside()
	if err != nil {
		return err
	}
	if previous != "" {
		fmt.Fprintf(r.Log, "The run in %s is moved to %s.\n", r.Folder, previous)
	}
	r.result = &Result{
		Model: r.task.Model, Seed: r.Seed, Names: r.task.Losses,
		Losses: make([][]float64, len(r.task.Losses)), Progress: Progress{Total: r.total()},
	}
	r.store = model.NewStore()
	for _, m := range r.task.Modules {
		for _, p := range m.Params {
			// A variable frees its value when it gets a new one.
			value, err := p.Value.LocalClone()
			if err == nil {
				_, err = r.store.CreateVariable(nn.Path(m.Name, p), value)
			}
			if err != nil {
				return fmt.Errorf("training: parameter %s: %w", p.Name, err)
			}
		}
	}
	return nil
}

func (r *run) perEpoch() int { return max(r.task.Examples/r.BatchSize, 1) }

// total is the number of iterations of the whole run.
func (r *run) total() int {
	if r.Iters > 0 {
		return r.Iters
	}
	return r.Epochs * r.perEpoch()
}

// Iterations returns the number of iterations of a run with these options. It is an error if they do not fit the task.
func (t Task) Iterations(o Options) (int, error) {
	if err := o.fill(&t); err != nil {
		return 0, err
	}
	return (&run{task: t, Options: o}).total(), nil
}

// compile prepares the program. XLA compiles it at the first call.
func (r *run) compile(devices devices) (err error) {
	if !loop.Supported(devices.backend) {
		r.task.PerCall = 1
	}
	outputs := slices.Repeat([]shapes.Shape{shapes.Make(dtypes.Float64)}, len(r.task.Losses))
	if r.task.SampleShape != nil {
		outputs = append(outputs, shapes.Make(dtypes.Float32, r.task.SampleShape...))
	}
	p := program{devices: devices, perCall: r.task.PerCall, batchSize: r.BatchSize, data: r.task.Data}
	r.program, err = newProgram(p, r.store, func(_ *model.Scope, inputs []*Node) []*Node {
		var vars, state []*model.Variable
		for _, m := range r.task.Modules {
			own := m.variables(r.store)
			vars, state = append(vars, own...), append(state, m.Optimizer.Variables(r.store, own)...)
		}
		k := len(p.data)
		return loop.Steps{Max: p.perCall, Vars: append(vars, state...), Outputs: outputs}.Run(
			inputs[k], inputs[:k], inputs[k+1:], func(data, batch []*Node) []*Node {
				return r.step(&Step{Store: r.store, Data: data, Batch: batch, modules: r.task.Modules})
			})
	})
	return err
}

// step builds one iteration: the losses in double precision and then the samples.
func (r *run) step(s *Step) (outputs []*Node) {
	losses, samples := r.task.Step(s)
	if len(losses) != len(r.task.Losses) || slices.Contains(losses, nil) || (samples == nil) != (r.task.SampleShape == nil) {
		panic(fmt.Errorf("training: Step of %s must return %d losses, none of them nil, and samples if SampleShape is set", r.task.Model, len(r.task.Losses)))
	}
	for _, loss := range losses {
		outputs = append(outputs, Reshape(ConvertDType(loss, dtypes.Float64))) // a scalar
	}
	if samples != nil {
		outputs = append(outputs, ConvertDType(samples, dtypes.Float32))
	}
	return outputs
}

// call draws the batches of iterations i … i+n−1, runs the program on them and returns the losses of each.
func (r *run) call(i, n int) (losses [][]float64, err error) {
	batches := make([][]*tensors.Tensor, n)
	for t := range n {
		if batches[t], err = r.task.Draw(i+t, r.BatchSize); err != nil {
			return nil, err
		}
	}
	for _, s := range r.task.Streams {
		err = errors.Join(err, s.Err())
	}
	if err != nil {
		return nil, err
	}
	out, err := r.program.run(batches)
	if err != nil {
		return nil, err
	}
	err = finalize(r.samples...)
	k := len(r.task.Losses)
	r.samples, r.first = out[k:], i
	losses = make([][]float64, n)
	for _, values := range out[:k] {
		flat := tensors.MustCopyFlatData[float64](values)
		for t := range n {
			losses[t] = append(losses[t], flat[t])
		}
	}
	if r.task.EndEpoch != nil && (i+n)%r.perEpoch() == 0 {
		err = errors.Join(err, r.task.EndEpoch(r.store))
	}
	return losses, errors.Join(err, finalize(out[:k]...))
}

// done records an iteration. At every LogEvery-th one it logs the losses and shows the samples.
func (r *run) done(i int, losses []float64) (err error) {
	for j, loss := range losses {
		r.result.Losses[j] = append(r.result.Losses[j], loss)
	}
	if i%r.LogEvery == 0 {
		fmt.Fprintf(r.Log, "%s\n", r.task.Line(i, r.result.Total, losses))
		if err = r.show(i); err != nil {
			err = fmt.Errorf("training: the samples of iteration %d: %w", i, err)
		}
	}
	if r.KeepEvery > 0 && (i+1)%r.KeepEvery == 0 {
		err = errors.Join(err, r.keep(i+1))
	}
	if r.OnStep != nil {
		r.OnStep(i+1, r.result.Total, losses...)
	}
	return err
}

// show records the samples of an iteration and passes them to OnSamples.
func (r *run) show(i int) (err error) {
	s := Samples{Iteration: i}
	switch {
	case r.task.Sample != nil:
		s.Images, err = r.task.Sample(r.program.devices.backend, r.store)
	case len(r.samples) > 0:
		count := r.task.SampleShape[0]
		s.Images = rows(r.samples[0])[(i-r.first)*count : (i-r.first+1)*count]
	}
	if err != nil || len(s.Images) == 0 {
		return err
	}
	flat := tensors.FromFlatDataAndDimensions(slices.Concat(s.Images...), len(s.Images), len(s.Images[0]))
	if _, err := r.store.CreateVariable(samplesPath(i), flat); err != nil {
		return err
	}
	r.result.Samples = append(r.result.Samples, s)
	if r.OnSamples != nil {
		return r.OnSamples(i, s.Images)
	}
	return nil
}

// end frees the program and sets the parameters to their trained values.
func (r *run) end() error {
	err := finalize(r.samples...)
	if r.program != nil {
		err = errors.Join(err, r.program.close())
	}
	for _, m := range r.task.Modules {
		for i, v := range m.variables(r.store) {
			// A step that fails on the device has already consumed the values of the variables that it updates.
			if v == nil || !v.HasValue() {
				continue
			}
			value, valueErr := clone(v)
			if err = errors.Join(err, valueErr); valueErr == nil {
				m.Params[i].Value = value
			}
		}
	}
	r.store.Finalize()
	return err
}
