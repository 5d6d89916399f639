// Package cs231n is the root of a Go version of assignment 3 of Stanford's course CS231n. Its notebooks
// (folder notebooks) call the packages below; each can be used from a program as well.
//
//	rng         random streams with NumPy's and PyTorch's exact numbers
//	loop        loops inside a compiled program, over time or over training steps
//	lock        keeps two programs from working on one file or folder
//	atomicfile  replaces a file as a whole or not at all
//	gradcheck   gradients checked three ways, and the assignment's measure of error
//	nn          parameters, layers and networks: linear, convolution, normalization, attention, dropout
//	temporal    word embedding, affine map and softmax loss over time
//	rnn, lstm   recurrent networks, step and sequence, forward and backward by hand
//	transformer positional encoding and decoder layers
//	optim       update rules with NumPy's and PyTorch's numbers
//	mnist       the MNIST digits
//	coco        captioning data in COCO's format: load, write, download
//	scenes      a captioning data set that is made offline
//	metrics     BLEU
//	checkpoint  a model's variables and a run's state in one file, written atomically
//	training    runs the training of every model: steps, checkpoints, resuming
//	captioning  captioning models, their solver and their sampling
//	gan         generative adversarial networks: models, losses, training step
//	digits      a classifier of MNIST's digits
//	device      finds the XLA plugin (CPU or GPU) and opens it
//	display     grids, curves and progress, in a notebook or as files
//	fetch       pictures from the web or a folder
//	notebook    what a notebook's cells need around the library; notebook/captions for captioning
//	bench       times what is trained here, beside PyTorch and NumPy; cmd/bench is its command
//	cmd/cli     what the commands add to Cobra: flags, errors, exit statuses, traces of crashes
//	cmd/cs231n  the command line
//
// A package imports only packages that stand above it in this list. Only notebook, bench and the commands
// import device, display and fetch.
//
// Shapes are written with one letter a dimension: N is the batch size, D the input features, H the
// hidden units, and so on as each package says.
package cs231n
