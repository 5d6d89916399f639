package rng

import "math/bits"

// philox is the generator Philox4x32-10. It computes with no state: a bijection,
// keyed by the seed, turns each 128-bit counter into 128 random bits, so that every
// thread of a GPU can draw without asking the others. What is kept from call to call
// is how far the counters have got.
//
// Source: J. Salmon, M. Moraes, R. Dror and D. Shaw, "Parallel random numbers: as
// easy as 1, 2, 3", SC11, 2011, https://doi.org/10.1145/2063384.2063405.
type philox struct {
	Seed uint64 // the key
	Used uint64 // counters that each thread has used up
}

// check accepts every state: any seed and any counter will do.
func (philox) check() error { return nil }

// words returns four draws for a thread, those of its counter 0, 1, 2 …: the lower
// half of the 128 bits is the counter, the upper half the thread, as curand_init
// numbers the subsequences of one seed.
func (p *philox) words(thread, counter uint64) [4]uint32 {
	return philox4x32([4]uint32{
		uint32(counter), uint32(counter >> 32),
		uint32(thread), uint32(thread >> 32),
	}, p.Seed)
}

// philox4x32 encrypts a counter in ten rounds. Each multiplies two of the words,
//
//	(h₀, l₀) = 0xD2511F53·c₀,  (h₁, l₁) = 0xCD9E8D57·c₂
//	c ← (h₁⊕c₁⊕k₀, l₁, h₀⊕c₃⊕k₁, l₀)
//
// in upper and lower halves h and l, and adds a Weyl constant to each word of the key:
// the golden ratio's to k₀, that of √3−1 to k₁.
func philox4x32(c [4]uint32, key uint64) [4]uint32 {
	k0, k1 := uint32(key), uint32(key>>32)
	for range 10 {
		h0, l0 := bits.Mul32(0xD2511F53, c[0])
		h1, l1 := bits.Mul32(0xCD9E8D57, c[2])
		c = [4]uint32{h1 ^ c[1] ^ k0, l1, h0 ^ c[3] ^ k1, l0}
		k0 += 0x9E3779B9
		k1 += 0xBB67AE85
	}
	return c
}
