package training_test

import (
	"context"
	"fmt"
	"io"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/cs231n-go/assignment3/cs231n/device"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/optim"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// A custom task fits the line y = 3x − 1 with a linear layer. Each iteration draws four random numbers x.
func ExampleRun() {
	backend, err := device.Open(device.Warn(io.Discard), device.InstalledOnly())
	if err != nil {
		fmt.Println(err)
		return
	}
	net := nn.Sequential(nn.Linear(1, 1, rng.NewTorch(231)))
	stream := rng.NewTorch(7)
	task := training.Task{
		Model:    "line",
		Modules:  []training.Module{{Name: "net", Params: net.Params(), Optimizer: optim.SGD{LearningRate: 0.2}}},
		Losses:   []string{"loss"},
		Streams:  []training.Stream{{Key: "stream", Label: "random batches", RandomStream: stream}},
		Examples: 400, BatchSize: 4,
		Draw: func(_, n int) ([]*tensors.Tensor, error) {
			x := make([]float32, n)
			stream.Uniform(x, -1, 1)
			return []*tensors.Tensor{tensors.FromFlatDataAndDimensions(x, n, 1)}, nil
		},
		Step: func(s *training.Step) (losses []*Node, samples *Node) {
			x := s.Batch[0]
			y, back := net.Forward(s.Params("net"), x)
			loss := ReduceAllMean(Square(Sub(y, AddScalar(MulScalar(x, 3), -1))))
			_, grads := back(Gradient(loss, y)[0])
			s.Update("net", grads)
			return []*Node{loss}, nil
		},
		Line: func(i, total int, losses []float64) string { return fmt.Sprintf("%d of %d: %.3f", i, total, losses[0]) },
	}
	result, err := training.Run(context.Background(), backend, task, training.Options{Epochs: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.Iteration, "iterations")
	for _, p := range net.Params() {
		fmt.Printf("%s %.2f\n", p.Name, tensors.MustCopyFlatData[float32](p.Value)[0])
	}
	// Output:
	// 200 iterations
	// 0/weight 3.00
	// 0/bias -1.00
}
