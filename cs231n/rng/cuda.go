package rng

import (
	"encoding"
	"fmt"
)

// t4Threads is the number of threads with which PyTorch fills a large tensor on a
// Tesla T4: 1024 on each of 40 multiprocessors. The values depend on it. PyTorch
// starts fewer threads for a smaller tensor, which gives the same values.
const t4Threads = 40 * 1024

// CUDA is PyTorch's random stream on a Tesla T4, computed on the CPU. PyTorch draws
// weights from it if the model is on the GPU when they are initialized. Create a
// stream with [NewCUDA] or [OpenCUDA], or seed or restore the zero value.
//
// With its weights the convolutional GAN prints the first line of the assignment's
// notebook, which ran on a T4: `Iter: 0, D: 1.403, G:1.433`.
//
// Source: PyTorch, aten/src/ATen/native/cuda/DistributionTemplates.h, and the manual
// of cuRAND's device API, https://docs.nvidia.com/cuda/curand/.
type CUDA struct{ stream[philox] }

var (
	_ encoding.BinaryMarshaler   = (*CUDA)(nil)
	_ encoding.BinaryUnmarshaler = (*CUDA)(nil)
)

// NewCUDA returns the GPU's stream after torch.manual_seed(seed), which seeds the
// CPU's stream too.
func NewCUDA(seed uint64) *CUDA {
	c := new(CUDA)
	c.Seed(seed)
	return c
}

// OpenCUDA returns a stream bound to a file. It restores the state that the file
// holds, or seeds with [DefaultTorchSeed] if there is no file.
func OpenCUDA(path string) (*CUDA, error) {
	c := NewCUDA(DefaultTorchSeed)
	if err := c.open(path); err != nil {
		return nil, err
	}
	return c, nil
}

// Seed is torch.cuda.manual_seed. It uses all 64 bits, unlike [Torch.Seed].
func (c *CUDA) Seed(seed uint64) {
	c.gen = philox{Seed: seed}
	c.seeded(cudaKind)
}

// UnmarshalBinary restores a state made by MarshalBinary and updates the bound file,
// if there is one. It implements [encoding.BinaryUnmarshaler]. It returns an error and
// keeps the old state if data is damaged or not the state of a CUDA stream.
func (c *CUDA) UnmarshalBinary(data []byte) error { return c.restore(cudaKind, data) }

// Uniform fills dst as dst.uniform_(from, to) does for a tensor on the device.
//
// T = 40960 threads (160 blocks of 256) fill the tensor in rounds. Each round
// uses one counter of each thread, whose four words fill elements at a distance of T:
//
//	dst[4T·round + T·word + thread],  counter = counters used before + round
//
// A word w becomes u = w/2³² + 1/2³³ in (0, 1], rounded to float32, and then
//
//	x = u · (to−from) + from, or from where that is rounded to to
//
// The bounds and their difference are float32. The GPU rounds once, after the sum.
// Uniform rounds the sum to float64 first, which changes about 1 in 10¹¹ values.
//
// Err reports bounds that are not from ≤ to or not finite in float32.
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
