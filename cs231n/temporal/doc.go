// Package temporal holds the layers that treat every time step alike: word embedding, an affine map, and the softmax loss.
// As in the assignment, each has a Forward, which returns a cache for its Backward. Each Backward is written by hand.
//
// All functions build GoMLX graphs. Shapes are written with N for the batch, T for time steps, D and M for
// features, V for the size of the vocabulary.
package temporal
