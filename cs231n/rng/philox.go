package rng

import "math/bits"

// philox is the generator Philox4x32-10. A bijection, keyed by the seed, turns each
// 128-bit counter into 128 random bits. Each thread of a GPU has its own counters. The
// only state between calls is the number of counters used.
//
// Source: J. Salmon, M. Moraes, R. Dror and D. Shaw, "Parallel random numbers: as
// easy as 1, 2, 3", SC11, 2011, https://doi.org/10.1145/2063384.2063405.
type philox struct {
	Seed uint64 // the key
	Used uint64 // counters that each thread has used
}

// check accepts every state, since every seed and every counter is valid.
func (philox) check() error { return nil }

// words returns the four draws of a thread's counter. The lower half of the 128 bits is
// the counter, the upper half the thread, as curand_init numbers subsequences.
func (p *philox) words(thread, counter uint64) [4]uint32 {
	return philox4x32([4]uint32{
		uint32(counter), uint32(counter >> 32),
		uint32(thread), uint32(thread >> 32),
	}, p.Seed)
}

// philox4x32 encrypts a counter in ten rounds of
//
//	(h₀, l₀) = 0xD2511F53·c₀,  (h₁, l₁) = 0xCD9E8D57·c₂
//	c ← (h₁⊕c₁⊕k₀, l₁, h₀⊕c₃⊕k₁, l₀)
//
// where h and l are the upper and lower halves of a product. After each round a Weyl
// constant is added to each word of the key: the golden ratio's to k₀, √3−1's to k₁.
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
