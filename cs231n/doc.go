// Package cs231n is the root of a Go version of assignment 3 of Stanford's course CS231n. Its notebooks
// (folder notebooks) call the packages below; each can be used from a program as well.
//
//	rng         random streams with NumPy's and PyTorch's exact numbers
//	gradcheck   the assignment's measure of error
//	mnist       the MNIST digits
//	checkpoint  a model's variables and a run's state in one file, written atomically
//	optim       optimisers with PyTorch's numbers
//	gan         generative adversarial networks: layers, losses, one training loop
//	device      finds the XLA plugin (CPU or GPU) and opens it
//	display     grids, curves and progress, in a notebook or as files
//	notebook    what a notebook's cells need around the library
//	cmd/cs231n  the command line
//
// Packages import downwards only: notebook and cmd/cs231n use everything; gan uses checkpoint, optim and rng;
// device and display are used by the topmost two alone.
//
// Shapes are written with one letter a dimension: N is the batch size, D the input features, H the
// hidden units, and so on as each package says.
package cs231n
