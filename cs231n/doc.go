// Package cs231n is the root of a Go version of assignment 3 of Stanford's course CS231n. The notebooks in folder notebooks
// use the packages below. Other programs can use each of them too.
//
//	todo        marks code that students have to write
//	course      the exercises and questions of the assignment, with their points
//	rng         random streams with NumPy's and PyTorch's exact numbers
//	arrays      arrays like those of np.linspace and np.random, for checks
//	loop        loops inside a compiled program, over time or over training steps
//	lock        locks a file or folder against other programs
//	atomicfile  replaces a file atomically
//	fetch       downloads files, and gets pictures from the web or a folder
//	gradcheck   checks gradients three ways; the assignment's relative error
//	nn          parameters, layers and networks: linear, convolution, normalization, attention, dropout
//	temporal    word embedding, affine map and softmax loss over time
//	rnn, lstm   recurrent networks with hand-written backward passes
//	transformer positional encoding and decoder layers
//	optim       SGD, Momentum, RMSProp and Adam, as in the course and in PyTorch
//	mnist       the MNIST digits
//	coco        captioning data in COCO's format: load, write, download
//	scenes      generates a captioning data set without a download
//	metrics     scores of captions and of generated pictures
//	checkpoint  a model's variables and a run's state in one file, written atomically
//	training    the training loop of all models: steps, checkpoints, resuming
//	captioning  captioning models, training and sampling
//	gan         generative adversarial networks: models, losses, training step
//	digits      a classifier of MNIST's digits, and scores of generated ones
//	course/source, course/cases      files with gaps; inputs and results of the exercises
//	course/intake, course/sandbox    reads submissions; isolates untrusted programs
//	device      finds and opens the XLA plugin (CPU or GPU); device/compiled keeps compiled programs
//	display     image grids, curves and progress, in a notebook or as files
//	course/assess                    compiles and checks exercises; course/probe is the program that runs them
//	course/edition, course/submit    the student's edition; a student's archive
//	course/grade                     hidden tests and reports
//	notebook    helpers for notebook cells; notebook/check for checks, notebook/captions for captioning
//	bench       times training beside PyTorch, JAX and NumPy; cmd/bench is its command
//	cmd/cli     shared by the commands: flags, errors, exit statuses, traces of crashes
//	cmd/cs231n  the command line
//
// A package imports only packages above it in this list. Only notebook, bench and the commands import device and display.
//
// In shapes each dimension is a letter, such as N for the batch size. Each package documents its letters.
package cs231n
