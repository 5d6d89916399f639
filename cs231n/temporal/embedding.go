package temporal

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
)

// EmbeddingCache is what [EmbeddingBackward] needs of the forward pass.
type EmbeddingCache struct{ x, w *Node }

// EmbeddingForward looks up the vector of every word: out[n, t] = W[x[n, t]].
//
// Shapes: x: (N, T) integers in [0, V), w: (V, D) -> (N, T, D). It panics if x does not hold integers.
func EmbeddingForward(x, w *Node) (out *Node, cache EmbeddingCache) {
	if !x.DType().IsInt() || w.Rank() != 2 {
		panic(fmt.Errorf("temporal: EmbeddingForward of words %s with vectors %s: want integers and a (V, D) matrix", x.Shape(), w.Shape()))
	}
	return Gather(w, ExpandAxes(x, -1)), EmbeddingCache{x, w}
}

// EmbeddingBackward adds up, for every word, the gradients of all places where it occurs:
//
//	dW[v] = Σ dout[n, t] over all (n, t) with x[n, t] = v
//
// Words have no gradient.
//
// Shapes: dout: (N, T, D) -> (V, D).
func EmbeddingBackward(dout *Node, cache EmbeddingCache) (dw *Node) {
	return Scatter(ExpandAxes(cache.x, -1), dout, cache.w.Shape(), false, false)
}
