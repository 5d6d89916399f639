package training

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/distributed"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/core/tensors/dtensor"
	"github.com/gomlx/gomlx/ml/model"
)

// devices are the devices of a backend that share each batch of a training run.
type devices struct {
	backend compute.Backend
	// mesh is nil for one device. rows shards axis 1 of a tensor, and whole copies a tensor to every device.
	mesh        *distributed.DeviceMesh
	rows, whole *distributed.ShardingSpec
}

// newDevices chooses the first count devices of the backend for batches of the given size. A count of 0 means 1.
//
// It is an error if the backend has fewer devices, or if they cannot share a batch evenly.
func newDevices(backend compute.Backend, count, batchSize int) (d devices, err error) {
	d.backend = backend
	available := backend.NumDevices()
	switch {
	case count < 0 || count > available:
		return d, fmt.Errorf("training: %d devices requested, but the backend %s has %d; choose a number from 1 to %d", count, backend.Name(), available, available)
	case count <= 1:
		return d, nil
	case batchSize%count != 0:
		return d, fmt.Errorf("training: %d devices cannot share a batch of %d evenly; choose a batch that is a multiple of %d, or another number of devices", count, batchSize, count)
	}
	const axis = "batch"
	if d.mesh, err = distributed.NewDeviceMesh([]int{count}, []string{axis}); err != nil {
		return d, err
	}
	d.whole = distributed.NewReplicatedShardingSpec(d.mesh)
	d.rows, err = distributed.BuildSpec(d.mesh).R().S(axis).Done()
	return d, err
}

// place distributes a tensor over the devices by its sharding.
func (d devices) place(t *tensors.Tensor, spec *distributed.ShardingSpec) (any, error) {
	if d.mesh == nil {
		return t, nil
	}
	return dtensor.ShardTensor(spec, t)
}

// program is the compiled program of a training run, for one device or for several that share each batch.
//
// With several devices each has a copy of the variables and of the data and computes an equal share of the rows of a batch.
// The graph is the same as for one device and describes the whole batch. XLA's partitioner inserts the communication for
// means over the batch, gradients and the statistics of batch normalization. The number of devices therefore affects a loss
// only by rounding.
type program struct {
	exec      *model.Exec
	devices   devices
	perCall   int // maximum number of steps in a call
	batchSize int
	data      []*tensors.Tensor
	placed    []any // data on the devices
}

// newProgram prepares a program that computes graph with the variables of store. The inputs of graph are data, the number
// of steps, and the arrays of a batch, each with a leading axis of perCall steps.
func newProgram(p program, store *model.Store, graph func(scope *model.Scope, inputs []*Node) []*Node) (_ *program, err error) {
	if p.exec, err = model.NewExec(p.devices.backend, store, graph); err != nil {
		return nil, err
	}
	if p.devices.mesh != nil {
		p.exec.AutoSharding(p.devices.mesh).WithOutputShardingSpecs(p.devices.whole)
	}
	for _, t := range p.data {
		placed, err := p.devices.place(t, p.devices.whole)
		if err != nil {
			p.exec.Finalize()
			return nil, err
		}
		p.placed = append(p.placed, placed)
	}
	return &p, nil
}

// run takes one step for each batch and returns the outputs of the graph.
func (p *program) run(batches [][]*tensors.Tensor) ([]*tensors.Tensor, error) {
	arrays, err := p.stack(batches)
	if err != nil {
		return nil, err
	}
	arrays = append([]*tensors.Tensor{tensors.FromScalar(int32(len(batches)))}, arrays...)
	inputs := slices.Clone(p.placed)
	specs := slices.Repeat([]*distributed.ShardingSpec{p.devices.whole}, len(p.placed))
	for _, t := range arrays {
		spec := p.devices.whole
		if t.Rank() > 1 && t.Shape().Dim(1) == p.batchSize {
			spec = p.devices.rows
		}
		placed, err := p.devices.place(t, spec)
		if err != nil {
			return nil, err
		}
		inputs, specs = append(inputs, placed), append(specs, spec)
	}
	if p.devices.mesh != nil {
		p.exec.WithInputShardingSpecs(append(specs, p.devices.whole)...) // the last one is that of the variables
	}
	out, err := p.exec.Call(inputs...)
	if err != nil {
		return nil, fmt.Errorf("training: a step failed on %s: %w", p.exec.Name(), err)
	}
	// All devices return the same results.
	k := len(out) / p.exec.NumDevices()
	return out[:k], finalize(append(arrays, out[k:]...)...)
}

// stack joins the arrays of batches along a new leading axis of perCall steps, with zeros at its end.
func (p *program) stack(batches [][]*tensors.Tensor) (stacked []*tensors.Tensor, err error) {
	for i, first := range batches[0] {
		all := tensors.FromShape(shapes.Make(first.DType(), append([]int{p.perCall}, first.Shape().Dimensions...)...))
		for t, batch := range batches {
			if !batch[i].Shape().Equal(first.Shape()) {
				return nil, fmt.Errorf("training: array %d of a batch has the shape %s, want %s", i, batch[i].Shape(), first.Shape())
			}
			err = errors.Join(err, batch[i].ConstBytes(func(from []byte) {
				err = errors.Join(err, all.MutableBytes(func(to []byte) { copy(to[t*len(from):], from) }))
			}))
		}
		stacked = append(stacked, all)
	}
	return stacked, err
}

// close frees the program and its data. With several devices it gathers the variables for use by other programs.
func (p *program) close() error {
	p.exec.Finalize()
	err := finalize(p.data...)
	for v := range p.exec.Store().IterVariables() {
		if p.devices.mesh == nil || !v.HasValue() {
			continue
		}
		merged, valueErr := clone(v)
		if valueErr == nil {
			valueErr = errors.Join(v.SetValue(merged), v.SetShardingSpec(nil))
		}
		err = errors.Join(err, valueErr)
	}
	return err
}

// clone copies the value of a variable. A variable frees its value when it gets a new one.
func clone(v *model.Variable) (*tensors.Tensor, error) {
	value, err := v.Value()
	if err != nil {
		return nil, err
	}
	return value.LocalClone()
}

// finalize frees tensors on the host and on the devices. Go's garbage collector does not see device memory.
func finalize(list ...*tensors.Tensor) (err error) {
	for _, t := range list {
		err = errors.Join(err, t.FinalizeAll())
	}
	return err
}
