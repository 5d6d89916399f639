package captioning_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/captioning"
	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// TestDevices compares the losses of several devices, which share each batch, with those of one.
func TestDevices(t *testing.T) {
	slow(t)
	data := random(40, 80)
	for _, kind := range []string{"rnn", "lstm", "transformer"} {
		t.Run(kind, func(t *testing.T) {
			train := func(devices int) []float64 {
				var m captioning.Model
				var err error
				if kind == "transformer" {
					m, err = captioning.NewTransformer(captioning.TransformerConfig{
						WordToIdx: data.Vocab.IDs, InputDim: data.Train.Dim, WordvecDim: 32, Heads: 2, Stream: rng.NewTorch(1),
					})
				} else {
					m, err = captioning.NewRNN(captioning.RNNConfig{
						CellType: kind, WordToIdx: data.Vocab.IDs, InputDim: data.Train.Dim, WordvecDim: 32, HiddenDim: 48, Stream: rng.NewNumPy(1),
					})
				}
				require.NoError(t, err)
				r, err := captioning.Solver{
					Model: m, Data: data, Stream: rng.NewNumPy(3), UpdateRule: "adam", LearningRate: 1e-3, BatchSize: 24, Iters: 20, Devices: devices,
				}.Train(context.Background(), testbackend.Get(t))
				require.NoError(t, err)
				return r.Loss
			}
			one := train(1)
			for _, devices := range []int{2, 4} {
				require.InEpsilonSlice(t, one, train(devices), 1e-5, "%d devices", devices)
			}
		})
	}
}
