package training_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// TestKeep compares the parameters that a run keeps with those of shorter runs. A call of the program takes up to three
// iterations, and the run is resumed on its way.
func TestKeep(t *testing.T) {
	t.Parallel()
	folder := training.Folder(t.TempDir())
	options := training.Options{Iters: 7, KeepEvery: 4, Folder: folder, Resume: true}
	keeps := func() *line {
		l := newLine(t)
		l.Keep = []string{"net"}
		return l
	}
	keeps().train(t, options)
	options.Iters = 18
	keeps().train(t, options)
	all, err := folder.Kept()
	require.NoError(t, err)
	require.Len(t, all, 4)
	for i, kept := range all {
		require.Equal(t, 4*(i+1), kept.Iteration)
		shorter, other := newLine(t), newLine(t)
		shorter.train(t, training.Options{Iters: kept.Iteration})
		require.NoError(t, kept.Set(map[string][]*nn.Param{"net": other.net.Params()}))
		require.Equal(t, shorter.params(), other.params(), "iteration %d", kept.Iteration)
	}

	previous, err := folder.SetAside()
	require.NoError(t, err)
	all, err = folder.Kept()
	require.NoError(t, err)
	require.Empty(t, all, "they belong to the run")
	all, err = training.Folder(previous).Kept()
	require.NoError(t, err)
	require.Len(t, all, 4)
	require.NoError(t, os.WriteFile(all[0].Path, []byte("damaged"), 0o644))
	require.ErrorContains(t, all[0].Set(nil), "params-000004.safetensors cannot be used")
	_, err = training.Folder(filepath.Join(t.TempDir(), "none")).Kept()
	require.ErrorIs(t, err, os.ErrNotExist)
}

// TestSample makes the samples outside of the step: the parameters as the step has left them.
func TestSample(t *testing.T) {
	t.Parallel()
	l := newLine(t).withoutSamples()
	l.Sample = func(_ compute.Backend, store *model.Store) ([][]float32, error) {
		value := tensors.MustCopyFlatData[float32](store.GetVariable("/net/0/weight").MustValue())
		return [][]float32{value}, nil
	}
	folder := training.Folder(t.TempDir())
	r := l.train(t, training.Options{Iters: 7, Folder: folder})
	require.Len(t, r.Samples, 2)
	require.Equal(t, 6, r.Samples[1].Iteration)
	require.Equal(t, l.params()[:1], r.Samples[1].Images[0], "iteration 6 is the last")
	_, loaded, err := folder.Open([]string{"MSE", "Size"})
	require.NoError(t, err)
	require.Equal(t, r.Samples, loaded.Samples)

	broken := newLine(t).withoutSamples()
	broken.Sample = func(compute.Backend, *model.Store) ([][]float32, error) { return nil, errors.New("no picture") }
	_, err = training.Run(context.Background(), testbackend.Get(t), broken.Task, training.Options{})
	require.ErrorContains(t, err, "training: the samples of iteration 0: no picture")
}

// withoutSamples removes the samples of the step.
func (l *line) withoutSamples() *line {
	step := l.Step
	l.SampleShape, l.PerCall = nil, 1
	l.Step = func(s *training.Step) ([]*Node, *Node) {
		losses, _ := step(s)
		return losses, nil
	}
	return l
}
