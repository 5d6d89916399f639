package captioning

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/cs231n-go/assignment3/cs231n/temporal"
	"github.com/cs231n-go/assignment3/cs231n/transformer"
)

// parts are a Transformer's layers over the nodes of its parameters.
type parts struct {
	visual    transformer.Linear
	embedding *Node // (V, W)
	decoder   transformer.Decoder
	output    transformer.Linear
}

// assemble puts the parameters, in the order of [Transformer.Params], into the layers.
func (m *Transformer) assemble(params []*Node) parts {
	next := func() *Node {
		p := params[0]
		params = params[1:]
		return p
	}
	linear := func() transformer.Linear { return transformer.Linear{Weight: next(), Bias: next()} }
	norm := func() transformer.LayerNorm { return transformer.LayerNorm{Weight: next(), Bias: next()} }
	attention := func() transformer.MultiHeadAttention {
		return transformer.MultiHeadAttention{Key: linear(), Query: linear(), Value: linear(), Proj: linear(), Heads: m.config.Heads}
	}
	p := parts{visual: linear(), embedding: next()}
	for range m.config.Layers {
		p.decoder = append(p.decoder, transformer.DecoderLayer{
			SelfAttn: attention(), MultiheadAttn: attention(), Linear1: linear(), Linear2: linear(),
			Norm1: norm(), Norm2: norm(), Norm3: norm(),
		})
	}
	p.output = linear()
	return p
}

// table is the positional encoding of all places that a caption can have.
func (m *Transformer) table(g *Graph) *Node {
	return Const(g, transformer.PositionTable(m.config.MaxLength, m.config.WordvecDim))
}

// scores builds the model's forward pass from the vectors of the words on.
//
// Shapes: features: (N, D), vectors: (N, T, W) -> scores: (N, T, V), weights: the self-attention of each layer, (N, H, T, T).
func (m *Transformer) scores(p parts, features, vectors *Node, drop transformer.Dropout) (scores *Node, weights []*Node) {
	memory := ExpandAxes(p.visual.Forward(ConvertDType(features, vectors.DType())), 1)
	x := transformer.PositionalEncoding(vectors, m.table(vectors.Graph()), drop)
	// Every place looks at itself and at those before.
	causal := LowerTriangular(vectors.Graph(), vectors.Shape().Dim(1))
	x, weights = p.decoder.Forward(x, memory, causal, drop)
	return p.output.Forward(x), weights
}

// LossGraph builds the loss of a batch, the mean over all N·T places of the cross-entropy where the caption has
// a word and of zero where it is padded, and the gradients. seeds are one draw of PyTorch's stream for each
// dropout mask; nil leaves dropout out.
//
// GoMLX derives the gradients, but for two: that of the scores comes with the loss, and that of the
// embedding is a sum over the places of each word. The row of the padding never learns.
//
// Shapes: params: as [Transformer.Params], features: (N, D), captions: (N, T+1) integers, seeds: (K) uint32 -> loss: scalar, grads: as
// params.
func (m *Transformer) LossGraph(params []*Node, features, captions, seeds *Node) (loss *Node, grads []*Node) {
	return m.lossWith(params, features, captions, m.dropout(seeds))
}

func (m *Transformer) lossWith(params []*Node, features, captions *Node, drop transformer.Dropout) (loss *Node, grads []*Node) {
	p := m.assemble(params)
	in, target, counts := shift(captions, m.null)
	vectors, embedding := temporal.EmbeddingForward(in, p.embedding)
	scores, _ := m.scores(p, features, vectors, drop)
	loss, dscores := temporal.SoftmaxLoss(scores, target, counts)
	steps := float64(in.Shape().Dim(1))
	loss, dscores = DivScalar(loss, steps), DivScalar(dscores, steps)

	const embeddingAt = 2 // in params; its gradient is taken at the vectors instead
	wanted := append([]*Node(nil), params...)
	wanted[embeddingAt] = vectors
	grads = Gradient(ReduceAllSum(Mul(scores, StopGradient(dscores))), wanted...)
	isWord := ExpandAxes(NotEqual(in, id(in, m.null)), -1)
	dvectors := Mul(grads[embeddingAt], ConvertDType(isWord, vectors.DType()))
	grads[embeddingAt] = temporal.EmbeddingBackward(dvectors, embedding)
	return loss, grads
}

// ScoresGraph builds the scores of whole captions, as the original's forward, and the weights of each layer's
// self-attention.
//
// Shapes: params: as [Transformer.Params], features: (N, D), captions: (N, T) integers, seeds: (K) uint32 or nil ->
// scores: (N, T, V), weights: (N, H, T, T) each.
func (m *Transformer) ScoresGraph(params []*Node, features, captions, seeds *Node) (scores *Node, weights []*Node) {
	p := m.assemble(params)
	vectors, _ := temporal.EmbeddingForward(captions, p.embedding)
	return m.scores(p, features, vectors, m.dropout(seeds))
}

func (m *Transformer) dropout(seeds *Node) transformer.Dropout {
	if seeds == nil {
		return nil
	}
	return transformer.Seeded(dropRate, seeds)
}

// shift cuts captions into what a model reads, what it should say next, and where that counts.
func shift(captions *Node, null int) (in, target, counts *Node) {
	last := captions.Shape().Dim(1) - 1
	in, target = SliceAxis(captions, 1, AxisRange(0, last)), SliceAxis(captions, 1, AxisRange(1))
	return in, target, NotEqual(target, id(target, null))
}

// id is a word's id as a constant beside words.
func id(words *Node, id int) *Node {
	return ConvertDType(ConstTensor(words.Graph(), tensors.FromScalar(int32(id))), words.DType())
}
