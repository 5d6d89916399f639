// Package temporal implements layers that treat every time step alike: word embedding, an affine map and the softmax loss.
// As in the assignment, each has a forward pass, which returns a cache, and a hand-written backward pass.
//
// All functions build GoMLX graphs. In shapes N is the batch size, T the number of time steps, D and M numbers of features,
// V the size of the vocabulary.
package temporal
