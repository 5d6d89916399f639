package rng

import (
	"encoding"
	"fmt"
	"math"
	"math/bits"
)

// DefaultNumPySeed is the seed of a stream that [OpenNumPy] finds no file for.
// NumPy itself would take one from the operating system, other each time; a
// notebook that runs again should rather print the same figures. It is the number
// of the course.
const DefaultNumPySeed = 231

// NumPy is NumPy's legacy random stream: the functions of numpy.random, or one
// numpy.random.RandomState. Make one with [NewNumPy] or [OpenNumPy]; the zero value
// must be seeded or restored first.
//
// Source: NumPy, numpy/random/src/legacy and numpy/random/_mt19937.pyx.
type NumPy struct{ stream[mt19937] }

var (
	_ encoding.BinaryMarshaler   = (*NumPy)(nil)
	_ encoding.BinaryUnmarshaler = (*NumPy)(nil)
)

// NewNumPy returns the stream after np.random.seed(seed).
func NewNumPy(seed uint32) *NumPy {
	s := new(NumPy)
	s.Seed(seed)
	return s
}

// OpenNumPy returns the stream whose state the file holds, or the stream of
// [DefaultNumPySeed] if there is no such file, and keeps the file up to date from
// then on.
func OpenNumPy(path string) (*NumPy, error) {
	s := NewNumPy(DefaultNumPySeed)
	if err := s.open(path); err != nil {
		return nil, err
	}
	return s, nil
}

// Seed is np.random.seed. It also drops the normal value kept by an earlier
// [NumPy.Randn].
func (s *NumPy) Seed(seed uint32) {
	s.gen.seed(seed)
	s.seeded(numpyKind)
}

// UnmarshalBinary takes over a state made by MarshalBinary, and writes it to the
// file if the stream is bound to one. A state that is damaged or not that of a
// NumPy stream is an error and leaves the stream as it was. It implements
// [encoding.BinaryUnmarshaler].
func (s *NumPy) UnmarshalBinary(data []byte) error { return s.restore(numpyKind, data) }

// Float64 is np.random.random(): a value in [0, 1) from two draws a, b,
//
//	(⌊a/2⁵⌋·2²⁶ + ⌊b/2⁶⌋) / 2⁵³
//
// For many values [NumPy.Rand] is the better choice if the stream is bound to a
// file, which each call writes.
func (s *NumPy) Float64() float64 {
	x := s.float64()
	s.sync()
	return x
}

func (s *NumPy) float64() float64 {
	high := uint64(s.gen.uint32() >> 5)
	return float64(high<<26|uint64(s.gen.uint32()>>6)) / (1 << 53)
}

// Rand fills dst with values in [0, 1), as np.random.rand does.
func (s *NumPy) Rand(dst []float64) {
	for i := range dst {
		dst[i] = s.float64()
	}
	s.sync()
}

// Randn fills dst with standard normals, as np.random.randn does: by Marsaglia's
// polar method. Of two uniforms mapped to (−1, 1), drawn until 0 < r² < 1,
//
//	r² = x₁² + x₂², f = √(−2·log(r²)/r²);  first x₂·f, then x₁·f
//
// The second value waits for the next call if this one does not need it, even with
// other draws between. Of 100 values 97 equal NumPy's to the last bit; the others are
// 1 to 3 units in the last place away, where C's logarithm rounds otherwise than Go's.
func (s *NumPy) Randn(dst []float64) {
	for i := range dst {
		dst[i] = s.normal()
	}
	s.sync()
}

func (s *NumPy) normal() float64 {
	if s.gen.Spared {
		s.gen.Spared = false
		return s.gen.Spare
	}
	for {
		x1, x2 := 2*s.float64()-1, 2*s.float64()-1
		// The conversions keep a compiler from fusing the sum, which would round
		// otherwise than NumPy.
		r2 := float64(x1*x1) + float64(x2*x2)
		if r2 >= 1 || r2 == 0 {
			continue
		}
		f := math.Sqrt(-2 * math.Log(r2) / r2)
		s.gen.Spare, s.gen.Spared = f*x1, true
		return f * x2
	}
}

// RandInt is np.random.randint(n): a value in [0, n), from one draw (two if n−1
// has more than 32 bits) cut to the bits of n−1 and repeated until it is at most
// n−1. For n = 1 it draws nothing. An n below 1 goes to Err, and the value is 0.
func (s *NumPy) RandInt(n int) int {
	var dst [1]int
	s.randInts("RandInt", dst[:], n)
	return dst[0]
}

// RandInts fills dst with values in [0, n), as np.random.randint(n, size=len(dst))
// does; see [NumPy.RandInt].
func (s *NumPy) RandInts(dst []int, n int) { s.randInts("RandInts", dst, n) }

// Choice returns k values in [0, n), with repeats, as np.random.choice(n, k) does;
// see [NumPy.RandInt]. An n below 1 or a negative k goes to Err, and the result is nil.
func (s *NumPy) Choice(n, k int) []int {
	if n < 1 || k < 0 {
		s.fail(fmt.Errorf("rng: NumPy.Choice: want n ≥ 1 and k ≥ 0, got n %d, k %d", n, k))
		return nil
	}
	dst := make([]int, k)
	s.randInts("Choice", dst, n)
	return dst
}

func (s *NumPy) randInts(method string, dst []int, n int) {
	if n < 1 {
		s.fail(fmt.Errorf("rng: NumPy.%s: want n ≥ 1, got %d", method, n))
		return
	}
	top := uint64(n - 1)
	for i := range dst {
		dst[i] = int(s.atMost(top))
	}
	s.sync()
}

// atMost returns a value in [0, top].
func (s *NumPy) atMost(top uint64) uint64 {
	if top == 0 {
		return 0
	}
	mask := uint64(1)<<bits.Len64(top) - 1
	for {
		var x uint64
		if top <= math.MaxUint32 {
			x = uint64(s.gen.uint32())
		} else {
			x = s.gen.uint64()
		}
		if x &= mask; x <= top {
			return x
		}
	}
}
