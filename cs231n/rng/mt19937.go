package rng

const (
	mtSize  = 624 // words of state
	mtShift = 397 // distance between the words that a twist combines
)

// mt19937 is the 32-bit Mersenne Twister.
//
// Source: M. Matsumoto and T. Nishimura, "Mersenne Twister: a 623-dimensionally
// equidistributed uniform pseudo-random number generator", ACM TOMACS 8(1), 1998,
// with the seeding of their 2002 revision (init_genrand).
type mt19937 struct {
	key [mtSize]uint32
	pos int // words of key already handed out
}

// seed starts the sequence that belongs to s.
func (m *mt19937) seed(s uint32) {
	for i := range m.key {
		m.key[i] = s
		s = 1812433253*(s^s>>30) + uint32(i) + 1
	}
	m.pos = mtSize
}

// twist replaces all words by the next 624 of the recurrence. The loop is split
// where an index would wrap around, which spares a modulo for each word.
func (m *mt19937) twist() {
	k := &m.key
	for i := range mtSize - mtShift {
		k[i] = k[i+mtShift] ^ mix(k[i], k[i+1])
	}
	for i := mtSize - mtShift; i < mtSize-1; i++ {
		k[i] = k[i+mtShift-mtSize] ^ mix(k[i], k[i+1])
	}
	k[mtSize-1] = k[mtShift-1] ^ mix(k[mtSize-1], k[0])
	m.pos = 0
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

// block hands out at most n words that are still to be tempered, at least one if
// n > 0. They are valid until the next call. Filling a slice block by block keeps
// the inner loop free of calls and of checks for the end of the state.
func (m *mt19937) block(n int) []uint32 {
	if m.pos >= mtSize {
		m.twist()
	}
	words := m.key[m.pos:min(m.pos+n, mtSize)]
	m.pos += len(words)
	return words
}
