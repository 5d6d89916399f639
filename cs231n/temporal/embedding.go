package temporal

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
)

// EmbeddingCache holds the values of the forward pass that [EmbeddingBackward] needs.
type EmbeddingCache struct {
	x, w *Node
}

// EmbeddingForward looks up the vector of every word: out[n, t] = W[x[n, t]].
//
// Shapes: x: (N, T) integers in [0, V), w: (V, D) -> (N, T, D). Other types of x and ranks of w panic.
func EmbeddingForward(x, w *Node) (out *Node, cache EmbeddingCache) {
	if !x.DType().IsInt() || w.Rank() != 2 {
		panic(fmt.Errorf("temporal: EmbeddingForward of words %s with vectors %s: want integers and a (V, D) matrix", x.Shape(), w.Shape()))
	}
	// BEGIN SOLUTION embedding-forward
	return Gather(w, ExpandAxes(x, -1)), EmbeddingCache{x: x, w: w}
	// END SOLUTION
}

// EmbeddingBackward sums the gradients of all positions of each word. Word ids have no gradient.
//
//	dW[v] = Σ dout[n, t] over all (n, t) with x[n, t] = v
//
// Shapes: dout: (N, T, D) -> (V, D).
func EmbeddingBackward(dout *Node, cache EmbeddingCache) (dw *Node) {
	// BEGIN SOLUTION embedding-backward
	return Scatter(ExpandAxes(cache.x, -1), dout, cache.w.Shape(), false, false)
	// END SOLUTION
}
