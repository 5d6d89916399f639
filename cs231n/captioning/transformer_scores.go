package captioning

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/temporal"
	"github.com/cs231n-go/assignment3/cs231n/transformer"
)

// ScoresGraph builds the scores of whole captions, as the original's forward does, and the weights of each layer's
// self-attention.
//
// Shapes: features: (N, D), captions: (N, T) integers -> scores: (N, T, V), weights: (N, H, T, T) each.
func (m *Transformer) ScoresGraph(p nn.Values, features, captions *Node, drop nn.Dropout) (scores *Node, weights []*Node) {
	vectors, _ := temporal.EmbeddingForward(captions, p[m.embedding])
	return m.scores(p, features, vectors, drop)
}

// scores builds the forward pass from the word vectors to the scores:
//
//  1. memory = features·W_projᵀ + b_proj, the layer m.visual, with an axis for the length 1 of the memory
//  2. x = word vectors with the positional encoding of m.table, and dropout
//  3. y = output of m.decoder for x and memory, with a causal mask: a position attends to itself and to earlier positions
//  4. scores = y·W_outputᵀ + b_output, the layer m.output
//
// The features have another type than float64 parameters, so convert them to the type of the vectors.
//
// Shapes: features: (N, D), vectors: (N, T, W) -> scores: (N, T, V), weights: the self-attention of each layer, (N, H, T, T).
func (m *Transformer) scores(p nn.Values, features, vectors *Node, drop nn.Dropout) (scores *Node, weights []*Node) {
	// BEGIN SOLUTION transformer-scores
	memory := ExpandAxes(p.Apply(m.visual, ConvertDType(features, vectors.DType())), 1)
	x := transformer.PositionalEncoding(vectors, m.table(vectors.Graph()), drop)
	causal := LowerTriangular(vectors.Graph(), vectors.Shape().Dim(1))
	x, weights = m.decoder.Forward(p, x, memory, causal, drop)
	return p.Apply(m.output, x), weights
	// END SOLUTION
}
