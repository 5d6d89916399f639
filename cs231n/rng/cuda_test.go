package rng_test

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/rng"
)

func cudaDraw(s *rng.CUDA, n int) []float32 {
	x := make([]float32, n)
	s.Uniform(x, -1, 1)
	return x
}

func TestCUDAState(t *testing.T) {
	t.Parallel()
	const seed = 1<<40 + 7
	s := rng.NewCUDA(seed)
	cudaDraw(s, 1)
	cudaDraw(s, 160*256*4+1) // one element more than a round has
	state, err := s.MarshalBinary()
	require.NoError(t, err)

	want := append([]byte("CS231RNG"), 1, 3) // version and kind
	want = binary.LittleEndian.AppendUint64(want, seed)
	want = binary.LittleEndian.AppendUint64(want, 1+2) // counters used
	want = binary.LittleEndian.AppendUint32(want, crc32.ChecksumIEEE(want))
	require.Equal(t, want, state)

	var again rng.CUDA
	require.NoError(t, again.UnmarshalBinary(state))
	require.Equal(t, cudaDraw(s, 1000), cudaDraw(&again, 1000))
	again.Seed(231)
	require.Equal(t, cudaDraw(rng.NewCUDA(231), 9), cudaDraw(&again, 9), "Seed restarts the stream")
}

func TestCUDABadStates(t *testing.T) {
	t.Parallel()
	good, err := rng.NewCUDA(1).MarshalBinary()
	require.NoError(t, err)
	torch, err := rng.NewTorch(1).MarshalBinary()
	require.NoError(t, err)
	flipped := append([]byte(nil), good...)
	flipped[12] ^= 1

	for _, test := range []struct {
		name  string
		state []byte
		want  string
	}{
		{"cut", good[:len(good)-1], "bytes instead of"},
		{"flipped bit", flipped, "checksum"},
		{"other kind", torch, "belongs to a Torch stream, not to a CUDA stream"},
	} {
		s := rng.NewCUDA(9)
		require.ErrorContains(t, s.UnmarshalBinary(test.state), test.want)
		assert.Equal(t, cudaDraw(rng.NewCUDA(9), 5), cudaDraw(s, 5), "%s: a rejected state must not change the stream", test.name)
	}
	require.ErrorContains(t, rng.NewTorch(9).UnmarshalBinary(good), "belongs to a CUDA stream, not to a Torch stream")
	_, err = new(rng.CUDA).MarshalBinary()
	require.ErrorContains(t, err, "NewCUDA")
}

// TestCUDAFile opens the file again after every change.
func TestCUDAFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cuda.rng")
	plain := rng.NewCUDA(rng.DefaultTorchSeed)
	checkpoint, err := rng.NewCUDA(77).MarshalBinary()
	require.NoError(t, err)
	for range 2 {
		for name, change := range map[string]func(*rng.CUDA) any{
			"Uniform":         func(s *rng.CUDA) any { return cudaDraw(s, 300) },
			"Seed":            func(s *rng.CUDA) any { s.Seed(8); return nil },
			"UnmarshalBinary": func(s *rng.CUDA) any { return s.UnmarshalBinary(checkpoint) },
		} {
			s, err := rng.OpenCUDA(path)
			require.NoError(t, err)
			require.Equal(t, change(plain), change(s), name)
			require.NoError(t, s.Err())
		}
	}
	s, err := rng.OpenCUDA(path)
	require.NoError(t, err)
	require.Equal(t, cudaDraw(plain, 7), cudaDraw(s, 7))

	require.NoError(t, os.WriteFile(path, []byte("some text"), 0o600))
	_, err = rng.OpenCUDA(path)
	require.ErrorContains(t, err, "delete the file")
}

func TestCUDAUniformInvalidBounds(t *testing.T) {
	t.Parallel()
	for _, bounds := range [][2]float64{{2, 1}, {math.NaN(), 1}, {0, math.Inf(1)}, {-3e38, 3e38}} {
		s := rng.NewCUDA(4)
		x := make([]float32, 3)
		s.Uniform(x, bounds[0], bounds[1])
		require.ErrorContains(t, s.Err(), "rng: CUDA.Uniform: want from ≤ to, finite in float32, got")
		assert.Equal(t, make([]float32, 3), x, "the destination must stay unchanged")
		assert.Equal(t, cudaDraw(rng.NewCUDA(4), 5), cudaDraw(s, 5), "it must not draw")
	}
	s := rng.NewCUDA(4)
	s.Uniform(nil, 0, 1)
	assert.Equal(t, cudaDraw(rng.NewCUDA(4), 5), cudaDraw(s, 5), "an empty destination takes no draws")
}
