package checkpoint_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/checkpoint"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// twoParams are the parameters "a/weight" and "a/bias".
func twoParams(weight, bias []float32) []*nn.Param {
	return nn.Prefixed("a", []*nn.Param{nn.NewParam("weight", weight, len(weight)), nn.NewParam("bias", bias, len(bias))})
}

// saved returns a checkpoint with these parameters below the scope net, and a stream and a number in its state.
func saved(t *testing.T) string {
	t.Helper()
	store := model.NewStore()
	for _, p := range twoParams([]float32{1, 2, 3}, []float32{4}) {
		_, err := store.CreateVariable(nn.Path("net", p), p.Value)
		require.NoError(t, err)
	}
	stream := rng.NewTorch(7)
	stream.Uniform(make([]float32, 3), 0, 1)
	state, err := stream.MarshalBinary()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "checkpoint.safetensors")
	require.NoError(t, checkpoint.Save(path, store, map[string]any{"stream": state, "seed": 7}))
	return path
}

func TestFile(t *testing.T) {
	t.Parallel()
	f, err := checkpoint.Open(saved(t))
	require.NoError(t, err)
	seed, missing := 0, 5
	require.NoError(t, f.Decode("seed", &seed))
	require.NoError(t, f.Decode("none", &missing))
	require.Equal(t, []int{7, 5}, []int{seed, missing})
	require.Equal(t, "7", string(f.Raw("seed")))
	require.Nil(t, f.Raw("none"))
	var text string
	require.ErrorContains(t, f.Decode("seed", &text), f.Path+": its seed has the wrong type")

	require.Equal(t, []int{3}, f.Shape("/net/a/weight").Dimensions)
	require.False(t, f.Shape("/net/a/scale").Ok())

	stream, want := rng.NewTorch(0), rng.NewTorch(7)
	require.NoError(t, f.Restore("stream", stream))
	want.Uniform(make([]float32, 3), 0, 1)
	require.Equal(t, want.BaseSeed(), stream.BaseSeed())
	require.ErrorContains(t, f.Restore("noise", stream), `has no random stream "noise"`)
	require.ErrorContains(t, f.Restore("seed", stream), "its seed has the wrong type")
	require.ErrorContains(t, f.Restore("stream", rng.NewNumPy(1)), f.Path)

	params := twoParams(make([]float32, 3), make([]float32, 1))
	require.NoError(t, f.Set(map[string][]*nn.Param{"net": params}))
	require.Equal(t, []float32{1, 2, 3}, params[0].Value.Value())
	require.Equal(t, []float32{4}, params[1].Value.Value())
}

// TestFileDoesNotFit expects errors and unchanged parameters.
func TestFileDoesNotFit(t *testing.T) {
	t.Parallel()
	f, err := checkpoint.Open(saved(t))
	require.NoError(t, err)
	wrong := twoParams(make([]float32, 3), make([]float32, 2))
	require.ErrorContains(t, f.Set(map[string][]*nn.Param{"net": wrong}), "parameter a/bias of net is (Float32)[1], the model's is (Float32)[2]")
	right := twoParams(make([]float32, 3), make([]float32, 1))
	require.Error(t, f.Set(map[string][]*nn.Param{"net": right, "other": wrong}))
	for _, p := range []*nn.Param{wrong[0], right[0]} {
		require.Equal(t, []float32{0, 0, 0}, p.Value.Value())
	}
	require.ErrorContains(t, f.Set(map[string][]*nn.Param{"other": wrong}), "it lacks the parameter a/weight of other")
	require.ErrorContains(t, f.Set(map[string][]*nn.Param{"net": twoParams([]float32{0, 0, 0}, nil)[:1]}), "the model lacks its parameter /net/a/bias")
}

func TestReadState(t *testing.T) {
	t.Parallel()
	path := saved(t)
	var state struct{ Seed int }
	require.NoError(t, checkpoint.ReadState(path, &state))
	require.Equal(t, 7, state.Seed)
	var text struct{ Seed string }
	require.ErrorContains(t, checkpoint.ReadState(path, &text), "its state has the wrong type")
	require.ErrorIs(t, checkpoint.ReadState(path+"x", &state), fs.ErrNotExist)

	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	for name, change := range map[string]func(data []byte) []byte{
		"empty":            func([]byte) []byte { return nil },
		"half a length":    func(data []byte) []byte { return data[:4] },
		"half a header":    func(data []byte) []byte { return data[:40] },
		"a byte less":      func(data []byte) []byte { return data[:len(data)-1] },
		"a byte more":      func(data []byte) []byte { return append(data, 0) },
		"a huge header":    func(data []byte) []byte { data[7] = 0x7f; return data },
		"a longer header":  func(data []byte) []byte { data[0]++; return data },
		"no JSON":          func(data []byte) []byte { data[8] = '['; return data },
		"nothing of state": func([]byte) []byte { return append([]byte{2, 0, 0, 0, 0, 0, 0, 0}, "{}"...) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "file")
			require.NoError(t, os.WriteFile(path, change(append([]byte(nil), whole...)), 0o644))
			err := checkpoint.ReadState(path, &state)
			require.ErrorContains(t, err, "checkpoint "+path+" cannot be used: it is damaged or incomplete")
			require.ErrorContains(t, err, "remove it to start over")
		})
	}
}

// TestReadStateScalar reads the state of a checkpoint whose variable is a scalar.
func TestReadStateScalar(t *testing.T) {
	t.Parallel()
	store := model.NewStore()
	_, err := store.CreateVariable("/step", tensors.FromScalar(float64(3)))
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "scalar")
	require.NoError(t, checkpoint.Save(path, store, map[string]int{"seed": 3}))
	var state struct{ Seed int }
	require.NoError(t, checkpoint.ReadState(path, &state))
	require.Equal(t, 3, state.Seed)
}
