package captioning_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/arrays"
	"github.com/cs231n-go/assignment3/cs231n/captioning"
	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// sums are the statistics of an array in the golden files.
type sums struct {
	Shape        []int
	Sum, Squares float64
	Cosine       float64 // Σ xᵢ·cos(i)
}

func sumsOf(t *testing.T, x *tensors.Tensor) sums {
	t.Helper()
	s := sums{Shape: x.Shape().Dimensions}
	values, err := tensors.CopyFlatData[float64](x)
	require.NoError(t, err)
	for i, v := range values {
		s.Sum += v
		s.Squares += v * v
		s.Cosine += v * math.Cos(float64(i))
	}
	return s
}

// curves holds the results of testdata/golden.py, computed with NumPy.
type curves struct {
	Config struct {
		Seed         uint32
		MaxTrain     int                `json:"max_train"`
		HiddenDim    int                `json:"hidden_dim"`
		WordvecDim   int                `json:"wordvec_dim"`
		BatchSize    int                `json:"batch_size"`
		LearningRate float64            `json:"learning_rate"`
		Before       int                `json:"iterations_before_sampling"`
		LRDecay      map[string]float64 `json:"lr_decay"`
		Sampled      []int              `json:"sampled_images"`
	}
	Fixed []struct {
		Cell     string
		Features [2]float64
		Loss     float64
		Grads    map[string]sums
	}
	Init map[string]map[string]sums
	Runs []struct {
		Cell, Rule, DType string
		Losses            []float64
	}
	Samples map[string]struct{ Captions [][]int32 }
}

func goldens(t *testing.T) curves {
	t.Helper()
	data, err := os.ReadFile("testdata/curves.json")
	require.NoError(t, err)
	var c curves
	require.NoError(t, json.Unmarshal(data, &c))
	return c
}

// solver prepares a run as golden.py does: seed, data, model.
func (c *curves) solver(t *testing.T, cell, rule string, dtype dtypes.DType) (captioning.Solver, *captioning.RNN) {
	t.Helper()
	stream := rng.NewNumPy(c.Config.Seed)
	data, err := coco.Load("testdata/small", coco.Options{MaxTrain: c.Config.MaxTrain, Stream: stream})
	require.NoError(t, err)
	m, err := captioning.NewRNN(captioning.RNNConfig{
		CellType: cell, WordToIdx: data.Vocab.IDs, InputDim: data.Train.Dim,
		WordvecDim: c.Config.WordvecDim, HiddenDim: c.Config.HiddenDim, DType: dtype, Stream: stream,
	})
	require.NoError(t, err)
	return captioning.Solver{
		Model: m, Data: data, Stream: stream, UpdateRule: rule,
		LearningRate: c.Config.LearningRate, LRDecay: c.Config.LRDecay[cell],
	}, m
}

// losses returns the losses of a run.
func (c *curves) losses(t *testing.T, cell, rule, dtype string) []float64 {
	t.Helper()
	for _, run := range c.Runs {
		if run.Cell == cell && run.Rule == rule && run.DType == dtype {
			return run.Losses
		}
	}
	require.Failf(t, "no such run", "%s %s %s", cell, rule, dtype)
	return nil
}

// TestCurves trains in float64 on a small data set in COCO's format and compares every loss with NumPy's. It also compares the
// captions of trained models for some images, word for word. The test of the command line compares the losses in float32.
func TestCurves(t *testing.T) {
	slow(t)
	t.Parallel()
	c := goldens(t)
	tested := map[string]int{}
	for _, run := range c.Runs {
		if run.DType != "float64" {
			continue
		}
		tested[run.Cell]++
		t.Run(run.Cell+" "+run.Rule, func(t *testing.T) {
			t.Parallel()
			s, m := c.solver(t, run.Cell, run.Rule, dtypes.Float64)
			o := training.Options{BatchSize: c.Config.BatchSize, Iters: len(run.Losses)}
			if run.Rule == "adam" {
				o.Iters = c.Config.Before
			}
			got, worst := train(t, s, o).Losses[0], 0.0
			for i, want := range run.Losses {
				worst = max(worst, math.Abs(got[i]-want)/want)
				require.InEpsilon(t, want, got[i], 1e-10, "iteration %d", i)
			}
			t.Logf("largest relative difference of %d losses: %.1e", len(run.Losses), worst)
			if run.Rule == "adam" {
				requireSamples(t, c, s.Data, m)
			}
		})
	}
	require.Equal(t, map[string]int{"rnn": 4, "lstm": 1}, tested)
}

// requireSamples compares the captions of a trained model for some images.
func requireSamples(t *testing.T, c curves, data *coco.Data, m *captioning.RNN) {
	t.Helper()
	var features []float32
	for _, image := range c.Config.Sampled {
		features = append(features, data.Train.Features[image*data.Train.Dim:][:data.Train.Dim]...)
	}
	got, err := m.Sample(testbackend.Get(t), features, captioning.SampleOptions{})
	require.NoError(t, err)
	require.Equal(t, c.Samples[m.Kind()].Captions, got)
}

// TestInitialParameters compares the initial parameters, which are drawn after the training captions.
func TestInitialParameters(t *testing.T) {
	t.Parallel()
	c := goldens(t)
	for cell, want := range c.Init {
		_, m := c.solver(t, cell, "adam", dtypes.Float64)
		require.Len(t, want, len(m.Params()))
		for _, p := range m.Params() {
			got := sumsOf(t, p.Value)
			require.Equal(t, want[p.Name].Shape, got.Shape)
			require.InDelta(t, want[p.Name].Sum, got.Sum, 1e-10, p.Name)
			require.InDelta(t, want[p.Name].Cosine, got.Cosine, 1e-10, p.Name)
		}
	}
}

// TestFixedGradients compares the loss and the gradients at the notebook's fixed parameters.
func TestFixedGradients(t *testing.T) {
	t.Parallel()
	for _, c := range goldens(t).Fixed {
		m := double(t, c.Cell, 20, 30, 40, rng.NewNumPy(1))
		captions := fix(t, m)
		tolerance := testbackend.Tolerance(t, 1e-8, 1e-7)
		loss, grads, err := m.Loss(testbackend.Get(t), arrays.Linspace(c.Features[0], c.Features[1], 10, 20), captions)
		require.NoError(t, err)
		require.InDelta(t, c.Loss, loss, testbackend.Tolerance(t, 1e-13, 1e-9))
		for i, p := range m.Params() {
			got, want := sumsOf(t, grads[i]), c.Grads[p.Name]
			require.Equal(t, want.Shape, got.Shape)
			require.InEpsilon(t, want.Squares, got.Squares, tolerance, p.Name)
			require.InDelta(t, want.Sum, got.Sum, tolerance, p.Name)
			require.InDelta(t, want.Cosine, got.Cosine, tolerance, p.Name)
		}
	}
}
