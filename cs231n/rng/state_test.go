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

// torchMix calls every method that draws. Each round leaves a spare normal and a
// generator between two twists.
func torchMix(s *rng.Torch) (all []float32) {
	x := make([]float32, 333)
	keep := make([]bool, 9)
	for range 3 {
		s.Normal(x[:3], 1, 2)
		s.Uniform(x[3:30], -1, 1)
		s.Dropout(keep, 0.5)
		for i, k := range keep {
			if x[30+i] = 0; k {
				x[30+i] = 1
			}
		}
		x[39] = float32(s.BaseSeed())
		s.Normal(x[40:], 0, 1)
		all = append(all, x...)
	}
	return all
}

func numpyMix(s *rng.NumPy) (all []float64) {
	x := make([]float64, 333)
	for range 3 {
		s.Randn(x[:3])
		x[3] = s.Float64()
		x[4] = float64(s.RandInt(1000))
		for i, v := range s.Choice(50, 7) {
			x[5+i] = float64(v)
		}
		ints := make([]int, 5)
		s.RandInts(ints, 1<<40)
		for i, v := range ints {
			x[12+i] = float64(v)
		}
		s.Rand(x[17:])
		all = append(all, x...)
	}
	return all
}

func TestRestoredStreamContinues(t *testing.T) {
	t.Parallel()
	for before := range 4 {
		a := rng.NewTorch(3)
		for range before {
			torchMix(a)
		}
		state, err := a.MarshalBinary()
		require.NoError(t, err)
		var b rng.Torch
		require.NoError(t, b.UnmarshalBinary(state))
		assert.Equal(t, torchMix(a), torchMix(&b), "Torch after %d rounds", before)

		c := rng.NewNumPy(3)
		for range before {
			numpyMix(c)
		}
		state, err = c.MarshalBinary()
		require.NoError(t, err)
		var d rng.NumPy
		require.NoError(t, d.UnmarshalBinary(state))
		assert.Equal(t, numpyMix(c), numpyMix(&d), "NumPy after %d rounds", before)
	}
}

func TestBadStates(t *testing.T) {
	t.Parallel()
	good, err := rng.NewTorch(1).MarshalBinary()
	require.NoError(t, err)
	numpy, err := rng.NewNumPy(1).MarshalBinary()
	require.NoError(t, err)
	edit := func(at int, to ...byte) []byte {
		bad := append([]byte(nil), good...)
		copy(bad[at:], to)
		return bad
	}
	farPos := edit(10, 0xff, 0xff)
	body := farPos[:len(farPos)-crc32.Size]
	binary.LittleEndian.PutUint32(farPos[len(body):], crc32.ChecksumIEEE(body))

	for _, test := range []struct {
		name  string
		state []byte
		want  string
	}{
		{"empty", nil, "not the state of a random stream"},
		{"another file", []byte("PK\x03\x04 some archive"), "not the state of a random stream"},
		{"cut in the header", good[:9], "not the state of a random stream"},
		{"cut", good[:len(good)-1], "bytes instead of"},
		{"longer", append(edit(0), 0), "bytes instead of"},
		{"later version", edit(8, 2), "version 2, this program supports version 1"},
		{"flipped bit", edit(100, good[100]^4), "checksum"},
		{"position", farPos, "position 65535 is beyond 624"},
		{"other kind", numpy, "belongs to a NumPy stream, not to a Torch stream"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := rng.NewTorch(9)
			err := s.UnmarshalBinary(test.state)
			require.ErrorContains(t, err, test.want)
			assert.Equal(t, torchMix(rng.NewTorch(9)), torchMix(s), "a rejected state must not change the stream")

			path := filepath.Join(t.TempDir(), "torch.rng")
			require.NoError(t, os.WriteFile(path, test.state, 0o600))
			_, err = rng.OpenTorch(path)
			require.ErrorContains(t, err, test.want)
			assert.ErrorContains(t, err, path)
			assert.ErrorContains(t, err, "delete the file")
			left, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, string(test.state), string(left), "a rejected file must stay unchanged")
		})
	}
}

func TestMarshalUnseeded(t *testing.T) {
	t.Parallel()
	_, err := new(rng.NumPy).MarshalBinary()
	require.ErrorContains(t, err, "never seeded")
}

func TestInvalidArguments(t *testing.T) {
	t.Parallel()
	nan, inf := math.NaN(), math.Inf(1)
	x := make([]float32, 20)
	for name, draw := range map[string]func(*rng.Torch){
		"want from ≤ to, finite in float32, got from 2, to 1":      func(s *rng.Torch) { s.Uniform(x, 2, 1) },
		"want from ≤ to, finite in float32, got from NaN, to 1":    func(s *rng.Torch) { s.Uniform(x, nan, 1) },
		"want from ≤ to, finite in float32, got from 0, to +Inf":   func(s *rng.Torch) { s.Uniform(x, 0, inf) },
		"want from ≤ to, finite in float32, got from -3e+38, to 3": func(s *rng.Torch) { s.Uniform(x, -3e38, 3e38) },
		"want a standard deviation ≥ 0, got -1":                    func(s *rng.Torch) { s.Normal(x, 0, -1) },
		"want a standard deviation ≥ 0, got NaN":                   func(s *rng.Torch) { s.Normal(x[:3], 0, nan) },
		"want a probability to keep in [0, 1], got 1.5":            func(s *rng.Torch) { s.Dropout(make([]bool, 3), 1.5) },
		"want a probability to keep in [0, 1], got NaN":            func(s *rng.Torch) { s.Dropout(make([]bool, 3), nan) },
		"Torch.RandInts: want 1 ≤ n ≤ 2³¹, got 0":                  func(s *rng.Torch) { s.RandInts(make([]int32, 3), 0) },
		"Torch.RandInts: want 1 ≤ n ≤ 2³¹, got -5":                 func(s *rng.Torch) { s.RandInts(make([]int32, 3), -5) },
		"Torch.RandInts: want 1 ≤ n ≤ 2³¹, got 2147483649":         func(s *rng.Torch) { s.RandInts(make([]int32, 3), 1<<31+1) },
	} {
		s := rng.NewTorch(4)
		draw(s)
		require.ErrorContains(t, s.Err(), name)
		assert.Equal(t, torchMix(rng.NewTorch(4)), torchMix(s), "%s: it must not draw", name)
	}
	assert.Equal(t, make([]float32, 20), x, "the destination must stay unchanged")

	for name, draw := range map[string]func(*rng.NumPy){
		"NumPy.RandInt: want n ≥ 1, got 0":                   func(s *rng.NumPy) { s.RandInt(0) },
		"NumPy.RandInts: want n ≥ 1, got -5":                 func(s *rng.NumPy) { s.RandInts(make([]int, 2), -5) },
		"NumPy.Choice: want n ≥ 1 and k ≥ 0, got n 0, k 3":   func(s *rng.NumPy) { s.Choice(0, 3) },
		"NumPy.Choice: want n ≥ 1 and k ≥ 0, got n 10, k -3": func(s *rng.NumPy) { s.Choice(10, -3) },
	} {
		s := rng.NewNumPy(4)
		draw(s)
		require.ErrorContains(t, s.Err(), name)
		assert.Equal(t, numpyMix(rng.NewNumPy(4)), numpyMix(s), "%s: it must not draw", name)
	}
}

// TestEmptyDestinations: an empty destination takes no draws, as in Python.
func TestEmptyDestinations(t *testing.T) {
	t.Parallel()
	s := rng.NewTorch(4)
	s.Uniform(nil, 0, 1)
	s.Normal(nil, 0, 1)
	s.Dropout(nil, 0.5)
	s.RandInts(nil, 3)
	require.NoError(t, s.Err())
	assert.Equal(t, torchMix(rng.NewTorch(4)), torchMix(s))

	n := rng.NewNumPy(4)
	n.Rand(nil)
	n.Randn(nil)
	n.RandInts(nil, 3)
	assert.Empty(t, n.Choice(3, 0))
	require.NoError(t, n.Err())
	assert.Equal(t, numpyMix(rng.NewNumPy(4)), numpyMix(n))
}

func FuzzUnmarshalBinary(f *testing.F) {
	good, err := rng.NewTorch(1).MarshalBinary()
	require.NoError(f, err)
	f.Add(good)
	f.Add(good[:50])
	f.Fuzz(func(t *testing.T, data []byte) {
		s := rng.NewTorch(2)
		if s.UnmarshalBinary(data) != nil {
			return
		}
		// A restored state can be drawn from and is stored unchanged.
		again, err := s.MarshalBinary()
		require.NoError(t, err)
		require.Equal(t, data, again)
		torchMix(s)
	})
}
