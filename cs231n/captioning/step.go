package captioning

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/cs231n-go/assignment3/cs231n/optim"
)

// step is one iteration of training, compiled.
type step struct {
	exec *model.Exec
	// The data set, on the device: (M, T) captions, (M) image of each, (I, D) features.
	captions, images, features *tensors.Tensor
}

// newStep prepares the computation. XLA compiles it at the first call.
func (s *Solver) newStep(backend compute.Backend, rule optim.Rule) (*step, error) {
	exec, err := model.NewExec(backend, s.Model.variables(), func(scope *model.Scope, inputs []*Node) []*Node {
		captions, images, features, rows := inputs[0], inputs[1], inputs[2], ExpandAxes(inputs[3], -1)
		vars := s.Model.Params()
		params := make([]*Node, len(vars))
		for i, v := range vars {
			params[i] = v.NodeValue(rows.Graph())
		}
		features = ConvertDType(Gather(features, ExpandAxes(Gather(images, rows), -1)), params[0].DType())
		var seeds *Node
		if len(inputs) > 4 {
			seeds = inputs[4]
		}
		loss, grads := s.Model.lossGraph(params, features, Gather(captions, rows), seeds)
		optim.Update(rule, scope.Store().Scope(modelScope), vars, grads)
		return []*Node{ConvertDType(loss, dtypes.Float64)}
	})
	if err != nil {
		return nil, err
	}
	train := &s.Data.Train
	return &step{
		exec:     exec,
		captions: tensors.FromFlatDataAndDimensions(train.Captions, train.Len(), train.Length),
		images:   tensors.FromFlatDataAndDimensions(train.ImageIdxs, train.Len()),
		features: tensors.FromFlatDataAndDimensions(train.Features, train.Images(), train.Dim),
	}, nil
}

// run does one iteration on the captions in the given rows, with the seeds of its noise, and returns its loss.
func (s *step) run(rows []int, seeds []uint32) (loss float64, err error) {
	ids := make([]int32, len(rows))
	for i, row := range rows {
		ids[i] = int32(row)
	}
	inputs := []any{s.captions, s.images, s.features, ids}
	if seeds != nil {
		inputs = append(inputs, seeds)
	}
	out, err := s.exec.Call(inputs...)
	if err != nil {
		return 0, fmt.Errorf("the training step failed: %w", err)
	}
	return tensors.ToScalar[float64](out[0]), nil
}
