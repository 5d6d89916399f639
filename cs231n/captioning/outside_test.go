package captioning_test

import (
	"math"
	"testing"
	"time"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/captioning"
	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// frequency is a [captioning.Model] from outside the package. It gives a word the same score at every position and thus
// learns word frequencies.
type frequency struct {
	bias    *nn.Param // (V)
	perCall int
	mood    string // a setting without a meaning
	noise   *rng.Torch
	graph   func(loss *Node, grads []*Node) (*Node, []*Node) // changes the results of the graph; nil means no change
}

func (f *frequency) Kind() string             { return "frequency" }
func (f *frequency) Params() []*nn.Param      { return []*nn.Param{f.bias} }
func (f *frequency) Check(_ *coco.Data) error { return nil }

func (f *frequency) Training() captioning.Training {
	return captioning.Training{
		Rule: "sgd", PerCall: f.perCall, Noise: f.noise, Seeds: 3,
		Settings: []training.Setting{{Key: "mood", Label: "mood", Value: f.mood}},
	}
}

func (f *frequency) StepGraph(p nn.Values, _, captions, seeds *Node) (loss *Node, grads []*Node) {
	if (seeds != nil) != (f.noise != nil) {
		panic("seeds without noise, or noise without seeds")
	}
	bias := p[f.bias]
	words := OneHot(captions, bias.Shape().Dim(0), bias.DType())
	loss = Neg(ReduceAllMean(ReduceSum(Mul(words, BroadcastToShape(ExpandAxes(LogSoftmax(bias, -1), 0, 1), words.Shape())), -1)))
	grads = Gradient(loss, bias)
	if seeds != nil { // makes the loss depend on the draws
		loss = Add(loss, ReduceAllMean(ConvertDType(seeds, bias.DType())))
	}
	if f.graph != nil {
		return f.graph(loss, grads)
	}
	return loss, grads
}

// counting prepares a float64 run of such a model.
func counting(t *testing.T, perCall int) (captioning.Solver, training.Options, *frequency) {
	t.Helper()
	stream := rng.NewNumPy(3)
	data, err := coco.Load("testdata/small", coco.Options{MaxTrain: 30, Stream: stream})
	require.NoError(t, err)
	words := len(data.Vocab.Words)
	m := &frequency{bias: nn.NewParam("bias", make([]float64, words), words), perCall: perCall, mood: "good"}
	return captioning.Solver{Model: m, Data: data, Stream: stream, LearningRate: 1}, training.Options{Iters: 6, BatchSize: 5}, m
}

// TestOutsideModel trains a model from outside the package and compares every step with one computed by hand.
func TestOutsideModel(t *testing.T) {
	t.Parallel()
	for _, perCall := range []int{1, 4} {
		s, o, m := counting(t, perCall)
		stream, split, v := copyOf(t, s.Stream), &s.Data.Train, m.bias.Shape().Size()
		got := train(t, s, o)
		require.Equal(t, "frequency", got.Model)

		bias := make([]float64, v)
		for i := range o.Iters {
			share, sum := make([]float64, v), 0.0
			for _, row := range stream.Choice(split.Len(), o.BatchSize) {
				for _, word := range split.Caption(row) {
					share[word] += 1 / float64(o.BatchSize*split.Length)
				}
			}
			for _, b := range bias {
				sum += math.Exp(b)
			}
			loss := 0.0
			for word := range bias {
				p := math.Exp(bias[word]) / sum
				loss -= share[word] * math.Log(p)
				bias[word] -= p - share[word]
			}
			require.InDelta(t, loss, got.Losses[0][i], 1e-12, "iteration %d", i)
		}
		learned, err := tensors.CopyFlatData[float64](m.bias.Value)
		require.NoError(t, err)
		require.InDeltaSlice(t, bias, learned, 1e-12)
		require.Equal(t, state(t, stream), state(t, s.Stream))
	}
}

// TestOutsideNoise passes draws from the stream of the model to its graph.
func TestOutsideNoise(t *testing.T) {
	t.Parallel()
	s, o, _ := counting(t, 4)
	plain := train(t, s, o).Losses[0]
	s, o, m := counting(t, 4)
	m.noise = rng.NewTorch(9)
	stream, seeds := rng.NewTorch(9), make([]uint32, 3)
	for i, loss := range train(t, s, o).Losses[0] {
		stream.DropoutSeeds(seeds)
		mean := (float64(seeds[0]) + float64(seeds[1]) + float64(seeds[2])) / 3
		require.InEpsilon(t, plain[i]+mean, loss, 1e-12)
	}
	require.Equal(t, state(t, stream), state(t, m.noise))
}

// TestOutsideResume stops a run of such a model and resumes it. Its setting must be the same.
func TestOutsideResume(t *testing.T) {
	t.Parallel()
	s, o, whole := counting(t, 4)
	want := train(t, s, o).Losses[0]

	folder := training.Folder(t.TempDir())
	s, o, _ = counting(t, 4)
	o.Folder, o.Iters = folder, 4
	train(t, s, o)
	s, o, m := counting(t, 4)
	o.Folder, o.Resume, m.mood = folder, true, "bad"
	check := unchanged(t, folder)
	_, err := training.Run(t.Context(), testbackend.Get(t), s, o)
	refused(t, err, "was trained with mood good, not with mood bad; choose another folder, or the same settings and data")
	check()
	m.mood = "good"
	got := train(t, s, o).Losses[0]
	if testbackend.Exact(t) {
		require.Equal(t, want, got)
		require.Equal(t, whole.bias.Value.Value(), m.bias.Value.Value())
	}
	require.InEpsilonSlice(t, want, got, 1e-12)
	kept, _, err := folder.Open([]string{"loss"}, "frequency")
	require.NoError(t, err)
	require.Equal(t, dtypes.Float64, kept.Shape("/model/bias").DType)
}

// TestIncompleteGraph trains models with incomplete graphs. It expects an error instead of a program that waits forever.
func TestIncompleteGraph(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		graph   func(loss *Node, grads []*Node) (*Node, []*Node)
		wantErr string
	}{
		"no loss":       {func(_ *Node, grads []*Node) (*Node, []*Node) { return nil, grads }, "Step of frequency must return 1 losses, none of them nil"},
		"no gradient":   {func(loss *Node, _ []*Node) (*Node, []*Node) { return loss, []*Node{nil} }, "the gradient of the variable /model/bias is nil"},
		"no gradients":  {func(loss *Node, _ []*Node) (*Node, []*Node) { return loss, nil }, "0 gradients for 1 variables"},
		"two gradients": {func(loss *Node, grads []*Node) (*Node, []*Node) { return loss, []*Node{grads[0], grads[0]} }, "2 gradients for 1 variables"},
	} {
		for _, perCall := range []int{1, 4} {
			s, o, m := counting(t, perCall)
			o.Folder, m.graph = training.Folder(t.TempDir()), c.graph
			done := make(chan error, 1)
			go func() {
				_, err := training.Run(t.Context(), testbackend.Get(t), s, o)
				done <- err
			}()
			select {
			case err := <-done:
				refused(t, err, c.wantErr)
			case <-time.After(time.Minute):
				t.Fatalf("%s: training does not end", name)
			}
			require.Equal(t, make([]float64, m.bias.Shape().Size()), m.bias.Value.Value())
			require.NoFileExists(t, o.Folder.Checkpoint())
		}
	}
}
