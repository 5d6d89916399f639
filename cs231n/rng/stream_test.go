package rng_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cs231n-go/assignment3/cs231n/rng"
)

// TestFileFollowsEachDraw opens the file again after each method, and so notices one
// that does not write the state.
func TestFileFollowsEachDraw(t *testing.T) {
	t.Parallel()
	t.Run("Torch", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "torch.rng")
		plain := rng.NewTorch(rng.DefaultTorchSeed)
		draws := map[string]func(*rng.Torch) any{
			"Uniform":  func(s *rng.Torch) any { x := make([]float32, 5); s.Uniform(x, 0, 1); return x },
			"Normal 3": func(s *rng.Torch) any { x := make([]float32, 3); s.Normal(x, 0, 1); return x },
			"Normal":   func(s *rng.Torch) any { x := make([]float32, 40); s.Normal(x, 0, 1); return x },
			"Dropout":  func(s *rng.Torch) any { k := make([]bool, 20); s.Dropout(k, 0.5); return k },
			"Seeds":    func(s *rng.Torch) any { x := make([]uint32, 3); s.DropoutSeeds(x); return x },
			"RandInts": func(s *rng.Torch) any { x := make([]int32, 5); s.RandInts(x, 1000); return x },
			"BaseSeed": func(s *rng.Torch) any { return s.BaseSeed() },
			"Seed":     func(s *rng.Torch) any { s.Seed(8); return nil },
		}
		for range 2 {
			for name, draw := range draws {
				s, err := rng.OpenTorch(path)
				require.NoError(t, err)
				require.Equal(t, draw(plain), draw(s), name)
				require.NoError(t, s.Err())
			}
		}
	})
	t.Run("NumPy", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "numpy.rng")
		plain := rng.NewNumPy(rng.DefaultNumPySeed)
		draws := map[string]func(*rng.NumPy) any{
			"Float64":  func(s *rng.NumPy) any { return s.Float64() },
			"Rand":     func(s *rng.NumPy) any { x := make([]float64, 5); s.Rand(x); return x },
			"Randn":    func(s *rng.NumPy) any { x := make([]float64, 5); s.Randn(x); return x },
			"RandInt":  func(s *rng.NumPy) any { return s.RandInt(1000) },
			"RandInts": func(s *rng.NumPy) any { x := make([]int, 5); s.RandInts(x, 1000); return x },
			"Choice":   func(s *rng.NumPy) any { return s.Choice(1000, 4) },
			"Seed":     func(s *rng.NumPy) any { s.Seed(8); return nil },
		}
		for range 2 {
			for name, draw := range draws {
				s, err := rng.OpenNumPy(path)
				require.NoError(t, err)
				require.Equal(t, draw(plain), draw(s), name)
				require.NoError(t, s.Err())
			}
		}
	})
}

func TestRestoreWritesFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "torch.rng")
	checkpoint := rng.NewTorch(77)
	torchMix(checkpoint)
	state, err := checkpoint.MarshalBinary()
	require.NoError(t, err)

	s, err := rng.OpenTorch(path)
	require.NoError(t, err)
	require.NoError(t, s.UnmarshalBinary(state))
	again, err := rng.OpenTorch(path)
	require.NoError(t, err)
	assert.Equal(t, torchMix(checkpoint), torchMix(again))
}

func TestSave(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "stream")
	a := rng.NewNumPy(5)
	numpyMix(a)
	require.NoError(t, a.Save(path))
	saved, err := os.ReadFile(path)
	require.NoError(t, err)
	want := numpyMix(a)
	unchanged, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, saved, unchanged, "Save must not bind the stream to the file")

	b, err := rng.OpenNumPy(path)
	require.NoError(t, err)
	assert.Equal(t, want, numpyMix(b))
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, files, 1, "Save must remove its temporary files")
}

func TestUnwritableFile(t *testing.T) {
	t.Parallel()
	_, err := rng.OpenNumPy(filepath.Join(t.TempDir(), "missing", "numpy.rng"))
	require.ErrorIs(t, err, os.ErrNotExist)

	dir := filepath.Join(t.TempDir(), "gone")
	require.NoError(t, os.Mkdir(dir, 0o700))
	s, err := rng.OpenNumPy(filepath.Join(dir, "numpy.rng"))
	require.NoError(t, err)
	require.NoError(t, os.RemoveAll(dir))
	want, got := make([]float64, 4), make([]float64, 4)
	rng.NewNumPy(rng.DefaultNumPySeed).Rand(want)
	s.Rand(got)
	assert.Equal(t, want, got, "the draw itself succeeds")
	first := s.Err()
	require.ErrorIs(t, first, os.ErrNotExist)
	s.RandInt(-1)
	assert.Equal(t, first, s.Err(), "the first error stays")
	if runtime.GOOS == "windows" {
		return
	}
	assert.ErrorContains(t, first, dir)
}

func TestHold(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "numpy.rng")
	s, err := rng.OpenNumPy(path)
	require.NoError(t, err)
	plain := rng.NewNumPy(rng.DefaultNumPySeed)
	file := func() []byte {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		return data
	}
	state := func() []byte {
		data, err := plain.MarshalBinary()
		require.NoError(t, err)
		return data
	}

	before := file()
	outer, inner := s.Hold(), s.Hold()
	require.Equal(t, numpyMix(plain), numpyMix(s))
	require.NoError(t, inner())
	require.NoError(t, inner(), "the second call has no effect")
	require.Equal(t, numpyMix(plain), numpyMix(s))
	require.Equal(t, before, file(), "the stream is still held")
	require.NoError(t, outer())
	require.Equal(t, state(), file(), "the last release writes")
	require.Equal(t, plain.Float64(), s.Float64())
	require.Equal(t, state(), file(), "updates are resumed")

	plain.Seed(5)
	release := s.Hold()
	before = file()
	require.NoError(t, s.UnmarshalBinary(state()))
	s.Seed(6)
	require.Equal(t, before, file())
	require.NoError(t, s.UnmarshalBinary(state()))
	require.NoError(t, release())
	require.Equal(t, state(), file())
	require.NoError(t, s.Err())
}

func TestHoldErrors(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "gone")
	require.NoError(t, os.Mkdir(dir, 0o700))
	s, err := rng.OpenTorch(filepath.Join(dir, "torch.rng"))
	require.NoError(t, err)
	release := s.Hold()
	require.NoError(t, os.RemoveAll(dir))
	torchMix(s)
	require.NoError(t, s.Err(), "no draw writes while the stream is held")
	require.ErrorIs(t, release(), os.ErrNotExist)

	unbound := rng.NewCUDA(1)
	release = unbound.Hold()
	require.Equal(t, cudaDraw(rng.NewCUDA(1), 5), cudaDraw(unbound, 5))
	require.NoError(t, release())
	require.NoError(t, new(rng.Torch).Hold()(), "a stream without a state has no file to write")
}
