package gan

import (
	"testing"
	"time"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/cs231n-go/assignment3/cs231n/mnist"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/training"
)

// TestDevicesInDoublePrecision takes training's own steps in double precision, where what is left of a difference
// between devices is a mistake.
func TestDevicesInDoublePrecision(t *testing.T) {
	images, _, err := mnist.Load("")
	require.NoError(t, err)
	for _, name := range []string{"gan", "lsgan", "dcgan"} {
		t.Run(name, func(t *testing.T) {
			t0 := time.Now()
			one := doubleLosses(t, name, images.Images, 1)
			t.Log(time.Since(t0), one)
			for _, devices := range []int{2, 4} {
				t0 := time.Now()
				several := doubleLosses(t, name, images.Images, devices)
				t.Log(time.Since(t0))
				worst := 0.0
				for i := range one {
					worst = max(worst, abs(several[i]-one[i])/one[i])
				}
				t.Logf("%d devices: %.1e %v", devices, worst, several)
			}
		})
	}
}

func abs(x float64) float64 { return max(x, -x) }

func doubleLosses(t *testing.T, name string, images []byte, count int) (losses []float64) {
	stream := rng.NewTorch(231)
	c, err := Preset(name, stream)
	require.NoError(t, err)
	c.BatchSize, c.Images = sampleCount, images[:10*sampleCount*Pixels]
	double := func(values []float32, dims ...int) *tensors.Tensor {
		wide := make([]float64, len(values))
		for i, v := range values {
			wide[i] = float64(v)
		}
		return tensors.FromFlatDataAndDimensions(wide, dims...)
	}
	store := model.NewStore()
	require.NoError(t, c.D.store(store.Scope("/D")))
	require.NoError(t, c.G.store(store.Scope("/G")))
	for v := range store.IterVariables() {
		value, err := v.Value()
		require.NoError(t, err)
		flat, err := tensors.CopyFlatData[float32](value)
		require.NoError(t, err)
		require.NoError(t, v.SetValue(double(flat, v.Shape().Dimensions...)))
	}
	devices, err := training.Share(testbackend.Get(t), count, c.BatchSize)
	require.NoError(t, err)
	data := []*tensors.Tensor{tensors.FromFlatDataAndDimensions(c.Images, len(c.Images)/Pixels, Pixels)}
	program, err := training.NewProgram(devices, store, data, func(scope *model.Scope, in []*Node) []*Node {
		return c.stepGraph(scope.In("D"), scope.In("G"), in[0], in[3], Squeeze(in[1], 0), Squeeze(in[2], 0))
	})
	require.NoError(t, err)
	z := make([]float32, c.BatchSize*c.noiseDim())
	noise := func() *tensors.Tensor {
		fillNoise(z, stream)
		return double(z, 1, c.BatchSize, c.noiseDim())
	}
	for i := range 10 {
		out, err := program.Run([]*tensors.Tensor{noise(), noise()}, []*tensors.Tensor{tensors.FromScalar(int32(i * sampleCount))})
		require.NoError(t, err)
		require.Equal(t, dtypes.Float64, out[0].DType())
		losses = append(losses, tensors.ToScalar[float64](out[0]), tensors.ToScalar[float64](out[1]))
	}
	require.NoError(t, program.Close())
	return losses
}
