package rng

import "fmt"

const (
	mtSize  = 624 // words of state
	mtShift = 397 // distance between the words that a twist combines
)

// mt19937 is the 32-bit Mersenne Twister, with the unused second value of a pair of
// normals. The stored state has its fields in this order.
//
// Source: M. Matsumoto and T. Nishimura, "Mersenne Twister: a 623-dimensionally
// equidistributed uniform pseudo-random number generator", ACM TOMACS 8(1), 1998,
// with the seeding of their 2002 revision (init_genrand).
type mt19937 struct {
	Pos    uint16 // words of Key already used
	Spared bool   // whether Spare is still unused
	Spare  float64
	Key    [mtSize]uint32
}

// seed starts the sequence of s and drops the spare normal.
func (m *mt19937) seed(s uint32) {
	for i := range m.Key {
		m.Key[i] = s
		s = 1812433253*(s^s>>30) + uint32(i) + 1
	}
	m.Pos = mtSize
	m.Spare, m.Spared = 0, false
}

func (m mt19937) check() error {
	if m.Pos > mtSize {
		return fmt.Errorf("position %d is beyond %d", m.Pos, mtSize)
	}
	return nil
}

// twist replaces all words by the next 624 of the recurrence. The loop is split
// where an index would wrap around, which saves a modulo for each word.
func (m *mt19937) twist() {
	k := &m.Key
	for i := range mtSize - mtShift {
		k[i] = k[i+mtShift] ^ mix(k[i], k[i+1])
	}
	for i := mtSize - mtShift; i < mtSize-1; i++ {
		k[i] = k[i+mtShift-mtSize] ^ mix(k[i], k[i+1])
	}
	k[mtSize-1] = k[mtShift-1] ^ mix(k[mtSize-1], k[0])
	m.Pos = 0
}

// mix joins the top bit of a with the rest of b and multiplies by the twist matrix.
func mix(a, b uint32) uint32 {
	y := a&0x80000000 | b&0x7fffffff
	return y>>1 ^ -(y&1)&0x9908b0df
}

// temper turns a word of state into a draw.
func temper(y uint32) uint32 {
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

// uint32 returns the next draw.
func (m *mt19937) uint32() uint32 {
	return temper(m.block(1)[0])
}

// uint64 returns two draws, the first one in the upper half.
func (m *mt19937) uint64() uint64 {
	high := uint64(m.uint32())
	return high<<32 | uint64(m.uint32())
}

// block returns at most n untempered words, at least one if n > 0. They are valid
// until the next call. Filling a slice block by block avoids a call and a bounds check
// for each word.
func (m *mt19937) block(n int) []uint32 {
	if m.Pos >= mtSize {
		m.twist()
	}
	pos := int(m.Pos)
	words := m.Key[pos:min(pos+n, mtSize)]
	m.Pos += uint16(len(words))
	return words
}
