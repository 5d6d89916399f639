// Package rng draws the random numbers that NumPy and PyTorch draw, so that a run in
// Go has the initial weights, batches and dropout masks of the Python assignment.
//
// A generator produces 32-bit words, called draws. The streams differ in how they
// turn draws into values:
//
//   - [NumPy] is NumPy's legacy global stream: np.random.seed, np.random.randn.
//   - [Torch] is PyTorch's CPU stream: torch.manual_seed, torch.rand.
//   - [CUDA] is PyTorch's GPU stream, which fills tensors in the GPU's memory.
//
// NumPy and Torch run a Mersenne Twister (MT19937), seeded with init_genrand. CUDA
// runs Philox4x32-10: each thread of the GPU encrypts its own counters.
//
// There is no global stream: pass one to each function that needs random numbers.
// Do not copy a stream after its first use, nor use it in two goroutines at once.
//
// # Checkpoints and files
//
// MarshalBinary and UnmarshalBinary save and restore the state, 2.5 kB at most.
// [OpenTorch], [OpenNumPy] and [OpenCUDA] bind a stream to a file, which each method
// that draws updates. Another process, such as the next cell of a notebook, opens the
// file and continues with the next draw. Hold suspends the updates during a loop.
//
// # Errors
//
// Methods that draw return no error, so that they read like their Python originals.
// An invalid argument, such as a negative standard deviation, draws nothing and
// leaves the destination unchanged. Err returns the first such error, or the first
// failure to write a file. Check it after a batch of draws, as with bufio.Scanner.
package rng
