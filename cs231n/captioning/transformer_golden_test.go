package captioning_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

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

// byPyTorch holds the results of testdata/golden_transformer.py.
type byPyTorch struct {
	Config struct {
		Before  int   `json:"iterations_before_sampling"`
		Sampled []int `json:"sampled_images"`
	}
	Init map[string]sums
	Runs []struct {
		DType   string
		Dropout float64
		Losses  []float64
	}
	Samples struct {
		Loss     float64
		Captions [][]int32
	}
	Weights struct {
		Image   int
		Caption []int32
		Layers  []struct{ Values []float64 }
	}
}

func transformerGoldens(t *testing.T) byPyTorch {
	t.Helper()
	data, err := os.ReadFile("testdata/transformer.json")
	require.NoError(t, err)
	var g byPyTorch
	require.NoError(t, json.Unmarshal(data, &g))
	return g
}

// seeded prepares a run as golden_transformer.py does: both seeds, data, model.
func seeded(t *testing.T, dtype dtypes.DType, dropout string) (captioning.Solver, *captioning.Transformer) {
	t.Helper()
	stream := rng.NewNumPy(231)
	data, err := coco.Load("testdata/small", coco.Options{MaxTrain: 50, Stream: stream})
	require.NoError(t, err)
	m, err := captioning.NewTransformer(captioning.TransformerConfig{
		WordToIdx: data.Vocab.IDs, InputDim: data.Train.Dim, WordvecDim: 16, Heads: 2, Layers: 2, MaxLength: 30, DType: dtype, Stream: rng.NewTorch(231), NoDropout: dropout == withoutDropout,
	})
	require.NoError(t, err)
	return captioning.Solver{Model: m, Data: data, Stream: stream, LearningRate: 1e-3}, m
}

// TestTransformerCurve compares every loss of a run with PyTorch's, dropout from the same stream included.
func TestTransformerCurve(t *testing.T) {
	slow(t)
	t.Parallel()
	run := transformerGoldens(t).Runs[0]
	require.Equal(t, "float32", run.DType)
	require.Equal(t, 0.1, run.Dropout)
	s, _ := seeded(t, dtypes.Float32, withDropout)
	r := train(t, s, training.Options{BatchSize: 10, Iters: len(run.Losses)})
	worst := 0.0
	for i, want := range run.Losses {
		worst = max(worst, math.Abs(r.Losses[0][i]-want)/want)
	}
	require.Less(t, worst, 1e-5)
	t.Logf("largest relative difference of %d losses: %.1e", len(run.Losses), worst)
}

// TestTransformerInit compares the initial parameters, which are drawn in the order of PyTorch's constructor.
func TestTransformerInit(t *testing.T) {
	t.Parallel()
	want := transformerGoldens(t).Init
	_, m := seeded(t, dtypes.Float64, withoutDropout)
	require.Len(t, want, len(m.Params()))
	for _, p := range m.Params() {
		name, got := p.Name, sumsOf(t, p.Value)
		require.Equal(t, want[name].Shape, got.Shape, name)
		require.InDelta(t, want[name].Sum, got.Sum, 1e-5, name)
		require.InEpsilon(t, 1+want[name].Squares, 1+got.Squares, 1e-6, name)
		require.InDelta(t, want[name].Cosine, got.Cosine, 1e-5, name)
	}
}

// TestTransformerGradients checks that the hand-set gradients (of the scores, and of the embedding, whose padding is never
// updated) equal those that GoMLX derives from the whole loss.
func TestTransformerGradients(t *testing.T) {
	slow(t)
	t.Parallel()
	s, _ := seeded(t, dtypes.Float64, withoutDropout)
	m, err := captioning.NewTransformer(captioning.TransformerConfig{
		WordToIdx: s.Data.Vocab.IDs, InputDim: s.Data.Train.Dim, WordvecDim: 4, Heads: 2, Layers: 1, MaxLength: 30, DType: dtypes.Float64,
		Stream: rng.NewTorch(231), NoDropout: true,
	})
	require.NoError(t, err)
	b, err := s.Data.Train.Minibatch(3, s.Stream)
	require.NoError(t, err)
	inputs := []any{
		tensors.FromFlatDataAndDimensions(b.Features, 3, s.Data.Train.Dim),
		tensors.FromFlatDataAndDimensions(b.Captions, 3, s.Data.Train.Length),
	}
	for _, p := range m.Params() {
		inputs = append(inputs, p.Value)
	}
	n := len(m.Params())
	out, err := CallOnceN(testbackend.Get(t), func(in []*Node) []*Node {
		p := nn.Bind(m.Params(), in[2:])
		loss, grads := m.LossGraph(p, in[0], in[1], nil)
		steps := s.Data.Train.Length - 1
		scores, _ := m.ScoresGraph(p, in[0], SliceAxis(in[1], 1, AxisRange(0, steps)), nil)
		target := SliceAxis(in[1], 1, AxisRange(1))
		oneHot := OneHot(target, len(s.Data.Vocab.Words), dtypes.Float64)
		counts := ConvertDType(NotEqual(target, ScalarZero(target.Graph(), target.DType())), dtypes.Float64)
		plain := Neg(ReduceAllMean(Mul(counts, ReduceSum(Mul(LogSoftmax(scores, -1), oneHot), -1))))
		return append(append(grads, Gradient(plain, in[2:]...)...), loss, plain)
	}, inputs...)
	require.NoError(t, err)
	require.InDelta(t, out[2*n+1].Value(), out[2*n].Value(), 1e-14)
	for i, p := range m.Params() {
		got, want := tensors.MustCopyFlatData[float64](out[i]), tensors.MustCopyFlatData[float64](out[n+i])
		if p.Name == "embedding/weight" { // its first row is the padding's
			w := p.Shape().Dim(1)
			require.Equal(t, make([]float64, w), got[:w])
			got, want = got[w:], want[w:]
		}
		require.InDeltaSlice(t, want, got, 1e-13, p.Name)
	}
}

// TestTransformerCaptions compares a trained model with PyTorch's: the loss, the captions of ten images, and the attention
// of both layers on one caption.
func TestTransformerCaptions(t *testing.T) {
	slow(t)
	t.Parallel()
	g := transformerGoldens(t)
	s, m := seeded(t, dtypes.Float64, withoutDropout)
	losses := train(t, s, training.Options{BatchSize: 10, Iters: g.Config.Before}).Losses[0]
	worst := 0.0
	for i, want := range g.Runs[1].Losses {
		worst = max(worst, math.Abs(losses[i]-want)/want)
	}
	require.Less(t, worst, 1e-8)
	// A change in the seventh digit of the weights changes the loss of the 200th iteration by 2e-3.
	require.InEpsilon(t, g.Samples.Loss, losses[len(losses)-1], 1e-2)
	dim := s.Data.Train.Dim
	var features []float32
	for _, image := range g.Config.Sampled {
		features = append(features, s.Data.Train.Features[image*dim:(image+1)*dim]...)
	}
	captions, err := m.Sample(testbackend.Get(t), features, captioning.SampleOptions{})
	require.NoError(t, err)
	require.Equal(t, g.Samples.Captions, captions)

	image := s.Data.Train.Features[g.Weights.Image*dim : (g.Weights.Image+1)*dim]
	maps, err := m.Attention(testbackend.Get(t), image, g.Weights.Caption)
	require.NoError(t, err)
	require.Len(t, maps, len(g.Weights.Layers))
	for l, layer := range maps {
		var flat []float64
		for _, head := range layer {
			for _, row := range head {
				flat = append(flat, row...)
			}
		}
		require.InDeltaSlice(t, g.Weights.Layers[l].Values, flat, 1e-2)
	}
}
