// Package rng draws the same random numbers as NumPy and PyTorch, so that a
// run in Go starts from the weights, batches and dropout masks that the Python
// assignment starts from.
//
// A generator makes 32-bit words, here called draws, and the streams differ in how
// they turn them into values:
//
//   - [NumPy] is the legacy global stream, np.random.seed and np.random.randn.
//   - [Torch] is PyTorch's CPU stream, torch.manual_seed and torch.rand.
//   - [CUDA] is PyTorch's stream on a GPU, which fills the tensors that lie there.
//
// The first two run a Mersenne Twister (MT19937) seeded with init_genrand, one word
// after the other. The last one runs Philox4x32-10, where each thread of the GPU
// encrypts counters of its own.
//
// Every stream owns its generator: nothing is shared, nothing is global. A
// stream is an argument of whatever needs random numbers. It must not be used
// by two goroutines at once, nor copied after its first use.
//
// # Streams that outlive the process
//
// The state of a stream is a value of 2.5 kB at most. MarshalBinary and
// UnmarshalBinary put it into a checkpoint and back. [OpenTorch], [OpenNumPy] and
// [OpenCUDA] bind a stream to a file instead: each method that draws leaves
// the file up to date, and opening the file in another process, such as the next
// cell of a notebook, goes on with the very next draw.
//
// # Errors
//
// Methods that draw return no error, so that they read like their Python
// originals. An argument that makes no sense (an empty range, a negative
// standard deviation) draws nothing and leaves the destination alone; that, or a
// state file that cannot be written, is kept and returned by Err, which is worth
// a look after a batch of draws, as with bufio.Scanner.
package rng
