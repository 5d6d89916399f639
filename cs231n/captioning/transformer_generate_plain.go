//go:build plain

package captioning

import (
	"fmt"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/cs231n-go/assignment3/cs231n/loop"
	"github.com/cs231n-go/assignment3/cs231n/nn"
)

// generate generates captions word by word. For each word a compiled program reads captions of the full length and uses
// the scores of one position. The words after this position do not count, since the mask hides them.
func (m *Transformer) generate(backend compute.Backend, features []float32, o SampleOptions, s search) ([][]int32, error) {
	if _, err := o.images(features, m.config.InputDim); err != nil {
		return nil, err
	}
	word, err := NewExec(backend, func(in []*Node) []*Node {
		features, t, p, in := in[0], in[1], nn.Bind(m.params, in[2:2+len(m.params)]), in[2+len(m.params):]
		var uniform *Node
		if s.stream != nil {
			uniform, in = in[0], in[1:]
		}
		read := SliceAxis(in[0], 1, AxisRange(0, o.Length))
		scores, _ := m.ScoresGraph(p, s.repeat(features), read, nil)
		state, _ := s.step(t, loop.At(scores, 1, t), uniform, in)
		return state
	})
	if err != nil {
		return nil, fmt.Errorf("captioning: %w", err)
	}
	defer word.Finalize()
	return o.inBatches(features, m.config.InputDim, func(batch *tensors.Tensor) (*tensors.Tensor, error) {
		n := batch.Shape().Dim(0)
		uniform := s.uniform(n, o.Length, m.vocabulary)
		state, err := CallOnceN(backend, func(g *Graph) []*Node { return s.begin(g, m.config.DType, n, o.Length, m.start) })
		for t := 0; t < o.Length && err == nil; t++ {
			inputs := append(nn.WithValues([]any{batch, int32(t)}, m.params), uniform...)
			for _, array := range state {
				inputs = append(inputs, array)
			}
			state, err = word.Call(inputs...)
		}
		if err != nil {
			return nil, err
		}
		return CallOnce(backend, s.first, state[0])
	})
}
