package training

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/distributed"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/core/tensors/dtensor"
)

// Devices are those of a backend that share the batches of a training run.
type Devices struct {
	Backend compute.Backend
	// Of several devices: how they are arranged, and how they hold a tensor whose axis 1 they share and one that each of
	// them has.
	mesh         *distributed.DeviceMesh
	batch, whole *distributed.ShardingSpec
}

// Share chooses the first devices of the backend, as many as count says, for batches of so many rows. A count of 0 means 1.
//
// It is an error if the backend has fewer devices, or if they cannot share a batch evenly.
func Share(backend compute.Backend, count, batch int) (d Devices, err error) {
	d.Backend = backend
	there := backend.NumDevices()
	switch {
	case count < 0 || count > there:
		return d, fmt.Errorf("%d devices are asked for and the backend %s has %d; choose a number from 1 to %d", count, backend.Name(), there, there)
	case count <= 1:
		return d, nil
	case batch%count != 0:
		return d, fmt.Errorf("%d devices cannot share a batch of %d evenly; choose a batch that is a multiple of %d, or another number of devices", count, batch, count)
	}
	const axis = "batch"
	if d.mesh, err = distributed.NewDeviceMesh([]int{count}, []string{axis}); err != nil {
		return d, err
	}
	d.whole = distributed.NewReplicatedShardingSpec(d.mesh)
	d.batch, err = distributed.BuildSpec(d.mesh).R().S(axis).Done()
	return d, err
}

func (d Devices) single() bool { return d.mesh == nil }

// place lays values out on the devices, each as spec says.
func (d Devices) place(spec *distributed.ShardingSpec, values []*tensors.Tensor) ([]any, error) {
	placed := make([]any, len(values))
	for i, value := range values {
		if d.single() {
			placed[i] = value
			continue
		}
		var err error
		if placed[i], err = dtensor.ShardTensor(spec, value); err != nil {
			return nil, err
		}
	}
	return placed, nil
}
