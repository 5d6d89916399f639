//go:build !plain

package captioning

import (
	"slices"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/cs231n-go/assignment3/cs231n/loop"
	"github.com/cs231n-go/assignment3/cs231n/nn"
	"github.com/cs231n-go/assignment3/cs231n/temporal"
)

// generate generates captions in one compiled loop, which caches the keys and values of earlier words.
func (m *Transformer) generate(backend compute.Backend, features []float32, o SampleOptions, s search) ([][]int32, error) {
	uniform := func(n int) []any { return s.uniform(n, o.Length, m.vocabulary) }
	return m.sample(backend, m.params, features, m.config.InputDim, o, uniform, func(p nn.Values, features *Node, extra []*Node) *Node {
		dtype := p[m.embedding].DType()
		memory := s.repeat(p.Apply(m.visual, ConvertDType(features, dtype)))
		state := s.begin(features.Graph(), dtype, features.Shape().Dim(0), o.Length, m.start)
		split := len(state)
		state = append(state, m.decoder.NewCache(memory, o.Length)...)
		fixed := m.fixed(p, m.decoder.CrossAttention(p, memory), extra)
		return s.first(loop.For(o.Length, fixed, state, func(t *Node, fixed, state []*Node) []*Node {
			state, cache := state[:split], state[split:]
			scores, cache := m.next(loop.At(state[0], 1, t), fixed, cache, t)
			var uniform *Node
			if s.stream != nil {
				uniform = fixed[len(fixed)-1]
			}
			state, parent := s.step(t, scores, uniform, state)
			if parent != nil {
				for i, c := range cache {
					cache[i] = Gather(c, parent)
				}
			}
			return append(state, cache...)
		})[0])
	})
}

// fixed lists the fixed values of a loop over words: the positional encodings, the parameters, the output of
// [transformer.Decoder.CrossAttention], and extra. next splits them.
func (m *Transformer) fixed(p nn.Values, cross, extra []*Node) []*Node {
	params := p.Of(m.params)
	table := ConvertDType(m.table(params[0].Graph()), params[0].DType())
	return slices.Concat([]*Node{table}, params, cross, extra)
}

// next computes the scores of the next word after a word at position t.
//
// Shapes: word: (N) -> scores: (N, V).
func (m *Transformer) next(word *Node, fixed, cache []*Node, t *Node) (scores *Node, newCache []*Node) {
	split := 1 + len(m.params)
	table, cross := fixed[0], fixed[split:split+m.config.Layers]
	p := nn.Bind(m.params, fixed[1:split])
	x, _ := temporal.EmbeddingForward(word, p[m.embedding])
	x = Add(x, BroadcastToShape(ExpandAxes(loop.At(table, 0, t), 0), x.Shape()))
	y, newCache := m.decoder.Next(p, x, cross, cache, t)
	return p.Apply(m.output, y), newCache
}
