package captioning

import (
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/cs231n-go/assignment3/cs231n/loop"
	"github.com/cs231n-go/assignment3/cs231n/optim"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// steps are iterations of training, compiled.
type steps struct {
	program *training.Program
	most    int // iterations in a call
}

// newSteps prepares the computation. XLA compiles it at the first call.
func (s *Solver) newSteps(devices training.Devices, rule optim.Rule) (*steps, error) {
	most := 1
	if loop.Works(devices.Backend) {
		most = s.Model.together()
	}
	train := &s.Data.Train
	data := []*tensors.Tensor{
		tensors.FromFlatDataAndDimensions(train.Captions, train.Len(), train.Length),
		tensors.FromFlatDataAndDimensions(train.ImageIdxs, train.Len()),
		tensors.FromFlatDataAndDimensions(train.Features, train.Images(), train.Dim),
	}
	program, err := training.NewProgram(devices, s.Model.variables(), data, func(scope *model.Scope, inputs []*Node) []*Node {
		data, rows, n, seeds := inputs[:3], inputs[3], inputs[4], inputs[5:]
		vars := s.Model.Params()
		return loop.Steps{
			Most:    most,
			Vars:    slices.Concat(vars, rule.Variables(scope.Store(), vars)),
			Outputs: []shapes.Shape{shapes.Make(dtypes.Float64)},
		}.Run(n, data, append([]*Node{rows}, seeds...), func(data, each []*Node) []*Node {
			return []*Node{s.stepGraph(rule, scope.Store().Scope(modelScope), vars, data, each)}
		})
	})
	if err != nil {
		return nil, err
	}
	return &steps{program, most}, nil
}

// stepGraph builds one iteration.
//
// Shapes: data: captions (M, T), images (M) and features (I, D), each: rows (N) int32 of the captions and, where the
// model has noise, its seeds (K) uint32 -> loss: scalar float64.
func (s *Solver) stepGraph(rule optim.Rule, scope *model.Scope, vars []*model.Variable, data, each []*Node) *Node {
	captions, images, features, rows := data[0], data[1], data[2], ExpandAxes(each[0], -1)
	params := make([]*Node, len(vars))
	for i, v := range vars {
		params[i] = v.NodeValue(rows.Graph())
	}
	features = ConvertDType(Gather(features, ExpandAxes(Gather(images, rows), -1)), params[0].DType())
	var seeds *Node
	if len(each) > 1 {
		seeds = each[1]
	}
	loss, grads := s.Model.lossGraph(params, features, Gather(captions, rows), seeds)
	optim.Update(rule, scope, vars, grads)
	return ConvertDType(loss, dtypes.Float64)
}

// run does n iterations on batches and noise that it draws, and returns the loss of each.
func (s *Solver) run(steps *steps, n int) (losses [][]float64, err error) {
	most := steps.most
	noise, masks := s.Model.noise()
	rows, seeds := make([]int32, most*s.BatchSize), make([]uint32, most*masks)
	for t := range n {
		for i, row := range s.Stream.Choice(s.Data.Train.Len(), s.BatchSize) {
			rows[t*s.BatchSize+i] = int32(row)
		}
		if noise != nil {
			noise.DropoutSeeds(seeds[t*masks : (t+1)*masks])
		}
	}
	whole := []*tensors.Tensor{tensors.FromScalar(int32(n))}
	if noise != nil {
		whole = append(whole, tensors.FromFlatDataAndDimensions(seeds, most, masks))
	}
	out, err := steps.program.Run([]*tensors.Tensor{tensors.FromFlatDataAndDimensions(rows, most, s.BatchSize)}, whole)
	if err != nil {
		return nil, err
	}
	all, err := tensors.CopyFlatData[float64](out[0])
	if err != nil {
		return nil, err
	}
	for _, loss := range all[:n] {
		losses = append(losses, []float64{loss})
	}
	return losses, nil
}
