package training

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gomlx/compute/distributed"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// Program is the compiled program of a training run, for one device or for several that share each batch.
//
// Each of several devices has a copy of the variables and of the data set, and computes its equal part of the batch's
// rows. The graph is the same as for one device and speaks of the whole batch: XLA's partitioner finds out where devices
// must exchange something (for a mean over the batch, a gradient, the statistics of batch normalization). So the
// number of devices changes a loss by rounding alone.
type Program struct {
	exec    *model.Exec
	devices Devices
	data    []any
}

// NewProgram prepares the computation of graph over the variables of store. The inputs of graph are data, which stays on
// the devices, followed by the inputs of [Program.Run]. XLA compiles it at the first run.
func NewProgram(devices Devices, store *model.Store, data []*tensors.Tensor, graph func(scope *model.Scope, inputs []*Node) []*Node) (*Program, error) {
	exec, err := model.NewExec(devices.Backend, store, graph)
	if err != nil {
		return nil, err
	}
	if !devices.single() {
		exec.AutoSharding(devices.mesh).WithOutputShardingSpecs(devices.whole)
	}
	p := &Program{exec: exec, devices: devices}
	if p.data, err = devices.place(devices.whole, data); err != nil {
		exec.Finalize()
		return nil, err
	}
	return p, nil
}

// Run runs the program once and returns what the graph makes. Devices share the rows of each tensor in batch, and each
// has all of the tensors in whole.
//
// Shapes: batch: (steps, N, …) each, whole: any.
func (p *Program) Run(batch, whole []*tensors.Tensor) ([]*tensors.Tensor, error) {
	parts, err := p.devices.place(p.devices.batch, batch)
	if err != nil {
		return nil, err
	}
	copies, err := p.devices.place(p.devices.whole, whole)
	if err != nil {
		return nil, err
	}
	if !p.devices.single() {
		specs := slices.Repeat([]*distributed.ShardingSpec{p.devices.whole}, len(p.data))
		specs = append(specs, slices.Repeat([]*distributed.ShardingSpec{p.devices.batch}, len(parts))...)
		p.exec.WithInputShardingSpecs(append(specs, p.devices.whole)...) // the last one is that of all further inputs
	}
	out, err := p.exec.Call(slices.Concat(p.data, parts, copies)...)
	if err != nil {
		return nil, fmt.Errorf("the training step failed on %s: %w", p.exec.Name(), err)
	}
	return out[:len(out)/p.exec.NumDevices()], nil // The results of all devices are the same: take the first's.
}

// Close frees the program. It brings the variables together again, so that other programs can use them, on however many
// devices.
func (p *Program) Close() (err error) {
	p.exec.Finalize()
	if p.devices.single() {
		return nil
	}
	for v := range p.exec.Store().IterVariables() {
		// A run that failed has used up the variables that it was to change.
		if v.HasValue() {
			err = errors.Join(err, gather(v))
		}
	}
	return err
}

// gather makes one value of a variable's copies on the devices.
func gather(v *model.Variable) error {
	merged, err := v.Value()
	if err != nil {
		return err
	}
	// The variable frees its old value when it gets a new one.
	value, err := merged.LocalClone()
	if err != nil {
		return err
	}
	return errors.Join(v.SetValue(value), v.SetShardingSpec(nil))
}
