package training_test

import (
	"context"
	"testing"
	"time"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/optim"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// TestEndEpoch calls the hook after the last iteration of each epoch, before the run is saved.
func TestEndEpoch(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	var at []int
	done := 0
	l.EndEpoch = func(store *model.Store) error {
		at = append(at, done)
		return optim.ScaleLearningRate(store, "sgd", 0.5)
	}
	folder := training.Folder(t.TempDir())
	r := l.train(t, training.Options{Iters: 12, Folder: folder, OnStep: func(n, _ int, _ ...float64) { done = n }})
	require.Len(t, at, 2)
	plain := newLine(t).train(t, training.Options{Iters: 12})
	require.Equal(t, plain.Losses[0][:5], r.Losses[0][:5])
	require.NotEqual(t, plain.Losses[0][6:], r.Losses[0][6:])
	file, _, err := folder.Open(l.Losses)
	require.NoError(t, err)
	rate, err := optim.LearningRate(file.Store, "sgd")
	require.NoError(t, err)
	require.InDelta(t, 0.03/4, rate, 1e-12)
}

// TestNilNode expects an error. GoMLX itself would wait forever.
func TestNilNode(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]func(*training.Step) ([]*Node, *Node){
		"nil loss":       func(s *training.Step) ([]*Node, *Node) { return []*Node{nil, nil}, s.Data[0] },
		"no scalar":      func(s *training.Step) ([]*Node, *Node) { return []*Node{s.Data[0], s.Data[0]}, s.Data[0] },
		"one loss":       func(s *training.Step) ([]*Node, *Node) { return []*Node{s.Data[0]}, s.Data[0] },
		"no samples":     func(s *training.Step) ([]*Node, *Node) { x := ReduceAllSum(s.Data[0]); return []*Node{x, x}, nil },
		"unknown module": func(s *training.Step) ([]*Node, *Node) { s.Params("other"); return nil, nil },
		"nil gradient": func(s *training.Step) ([]*Node, *Node) {
			s.Params("net")
			s.Update("net", []*Node{nil, nil})
			return nil, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ended, backend := make(chan error, 1), testbackend.Get(t)
			l := newLine(t)
			l.Step = step
			go func() {
				_, err := training.Run(context.Background(), backend, l.Task, training.Options{})
				ended <- err
			}()
			select {
			case err := <-ended:
				require.Error(t, err)
				require.NotContains(t, err.Error(), "nil pointer")
			case <-time.After(time.Minute):
				t.Fatal("the run waits forever")
			}
		})
	}
}

// TestFullBatch trains on all data in every iteration, without a draw.
func TestFullBatch(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	l.Draw = func(int, int) ([]*tensors.Tensor, error) { return nil, nil }
	l.SampleShape = []int{points, 1}
	l.Step = func(s *training.Step) ([]*Node, *Node) {
		guess, back := l.net.Forward(s.Params("net"), s.Data[0])
		loss := ReduceAllMean(Square(Sub(guess, s.Data[1])))
		_, grads := back(Gradient(loss, guess)[0])
		s.Update("net", grads)
		return []*Node{loss, loss}, ConvertDType(guess, dtypes.Float64) // samples may have any type
	}
	r := l.train(t, training.Options{})
	require.Less(t, r.Losses[0][19], r.Losses[0][0]/3)
	require.Len(t, r.Samples[3].Images, points)
}
