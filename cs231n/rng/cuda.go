package rng

import (
	"encoding"
	"fmt"
)

// t4Threads is how many threads a Tesla T4 runs at once, 1024 on each of its 40
// multiprocessors. PyTorch fills a large tensor with that many, so that the numbers
// depend on the device. A tensor with fewer elements gets fewer threads, which makes
// no difference: the others would have nothing to fill.
const t4Threads = 40 * 1024

// CUDA is PyTorch's random stream on a CUDA device, a Tesla T4, computed without
// one. A model that is moved to the GPU before its weights are drawn gets them from
// there. Make one with [NewCUDA] or [OpenCUDA]; the zero value must be seeded or
// restored first.
//
// The weights that it gives the convolutional GAN lead to the very line that the
// assignment's notebook printed on a T4, `Iter: 0, D: 1.403, G:1.433`.
//
// Source: PyTorch, aten/src/ATen/native/cuda/DistributionTemplates.h, and the manual
// of cuRAND's device API, https://docs.nvidia.com/cuda/curand/.
type CUDA struct{ stream[philox] }

var (
	_ encoding.BinaryMarshaler   = (*CUDA)(nil)
	_ encoding.BinaryUnmarshaler = (*CUDA)(nil)
)

// NewCUDA returns the stream after torch.manual_seed(seed), which seeds the CPU's
// stream and the device's alike.
func NewCUDA(seed uint64) *CUDA {
	c := new(CUDA)
	c.Seed(seed)
	return c
}

// OpenCUDA returns the stream whose state the file holds, or the stream of
// [DefaultTorchSeed] if there is no such file, and keeps the file up to date from
// then on.
func OpenCUDA(path string) (*CUDA, error) {
	c := NewCUDA(DefaultTorchSeed)
	if err := c.open(path); err != nil {
		return nil, err
	}
	return c, nil
}

// Seed is torch.cuda.manual_seed. Other than the CPU's stream, this one looks at all
// 64 bits.
func (c *CUDA) Seed(seed uint64) {
	c.gen = philox{Seed: seed}
	c.seeded(cudaKind)
}

// UnmarshalBinary takes over a state made by MarshalBinary, and writes it to the
// file if the stream is bound to one. A state that is damaged or not that of a
// CUDA stream is an error and leaves the stream as it was. It implements
// [encoding.BinaryUnmarshaler].
func (c *CUDA) UnmarshalBinary(data []byte) error { return c.restore(cudaKind, data) }

// Uniform fills dst as dst.uniform_(from, to) does for a tensor on the device.
//
// The T = 40960 threads (160 blocks of 256) walk the tensor together. In each round
// every thread uses up one counter, and its four words fill elements that lie T apart:
//
//	dst[4T·round + T·word + thread],  counter = those used before + round
//
// A word w becomes u = w/2³² + 1/2³³ in (0, 1], rounded to float32, and then
//
//	x = u · (to−from) + from, or from where that is rounded to to
//
// The bounds and their difference are float32. The device rounds product and sum once;
// here the sum is rounded to float64 first, which tells in 1 of some 10¹¹ values.
//
// Bounds that are not from ≤ to, or that float32 cannot hold, go to Err.
func (c *CUDA) Uniform(dst []float32, from, to float64) {
	if err := checkBounds(from, to); err != nil {
		c.fail(fmt.Errorf("rng: CUDA.Uniform: %w", err))
		return
	}
	low, high := float32(from), float32(to)
	for len(dst) > 0 {
		round := dst[:min(4*t4Threads, len(dst))]
		for thread := range min(t4Threads, len(round)) {
			words := c.gen.words(uint64(thread), c.gen.Used)
			for i, j := 0, thread; j < len(round); i, j = i+1, j+t4Threads {
				round[j] = cudaUniform(words[i], low, high)
			}
		}
		c.gen.Used++
		dst = dst[len(round):]
	}
	c.sync()
}

// cudaUniform turns a word into a value in [low, high).
func cudaUniform(word uint32, low, high float32) float32 {
	unit := float32(word)*0x1p-32 + 0x1p-33
	// The float64 product of two float32 is exact.
	x := float32(float64(unit)*float64(high-low) + float64(low))
	if x == high {
		return low
	}
	return x
}
