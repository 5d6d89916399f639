package captioning

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/cs231n-go/assignment3/cs231n/transformer"
)

// modelScope is where a store keeps a model's parameters; solverName is where it keeps the solver's state.
const (
	modelScope = "/model"
	solverName = "solver"
)

// Model is a captioning model as a [Solver] sees it.
type Model interface {
	// Kind names the model, for instance "lstm".
	Kind() string
	// Params are the parameters, in the order in which they were drawn.
	Params() []*model.Variable

	// lossGraph builds the loss of a batch and the gradients of the parameters. The seeds are what noise draws;
	// a model without noise is given nil.
	//
	// Shapes: params: as Params, features: (N, D), captions: (N, T) integers, seeds: (K) uint32 -> loss: scalar,
	// grads: as params.
	lossGraph(params []*Node, features, captions, seeds *Node) (loss *Node, grads []*Node)
	// suits tells whether the model can learn from a data set.
	suits(data *coco.Data) error
	// rule is the name of the update rule that the original trains the model with.
	rule() string
	// noise is the stream of the model's noise in training, and how many seeds a step draws from it; nil is none.
	noise() (stream *rng.Torch, seeds int)
	// together is how many iterations of training one call of the compiled program takes at most.
	together() int
	// variables is the store that holds the parameters and, after training, the solver's state.
	variables() *model.Store
	// adopt takes over the variables of a checkpoint.
	adopt(store *model.Store) error
}

func (m *RNN) lossGraph(params []*Node, features, captions, _ *Node) (*Node, []*Node) {
	return m.LossGraph(params, features, captions)
}

// suits is what models have in common: the width of features, and words that they know.
func suits(data *coco.Data, dim, vocabulary int) error {
	if data.Train.Dim != dim {
		return fmt.Errorf("captioning: the images have %d features, the model was made for %d", data.Train.Dim, dim)
	}
	for i, id := range data.Train.Captions {
		if id < 0 || int(id) >= vocabulary {
			return fmt.Errorf("captioning: training caption %d holds the id %d, outside the model's vocabulary of %d words", i/data.Train.Length, id, vocabulary)
		}
	}
	return nil
}

func (m *RNN) suits(data *coco.Data) error { return suits(data, m.inputDim(), m.vocabulary) }

func (m *Transformer) suits(data *coco.Data) error {
	if words := data.Train.Length - 1; words > m.config.MaxLength {
		return fmt.Errorf("captioning: the captions have %d words to read, the model was made for %d at most; raise its maximal length", words, m.config.MaxLength)
	}
	return suits(data, m.config.InputDim, m.vocabulary)
}

// together is 1, since the loop over time cannot lie in another one.
func (m *RNN) together() int              { return 1 }
func (m *RNN) rule() string               { return "sgd" }
func (m *RNN) noise() (*rng.Torch, int)   { return nil, 0 }
func (m *RNN) variables() *model.Store    { return m.store }
func (m *RNN) adopt(s *model.Store) error { return adopt(m.Params(), &m.store, s) }

func (m *Transformer) lossGraph(params []*Node, features, captions, seeds *Node) (*Node, []*Node) {
	drop := m.dropout(seeds)
	if m.config.Dropout == FromGoMLX {
		drop = transformer.Random(dropRate, m.store)
	}
	return m.lossWith(params, features, captions, drop)
}

// together is more than 1 unless GoMLX draws the dropout, from a state that is none of the solver's.
func (m *Transformer) together() int {
	if m.config.Dropout == FromGoMLX {
		return 1
	}
	return 8
}

func (m *Transformer) rule() string               { return "torch_adam" }
func (m *Transformer) variables() *model.Store    { return m.store }
func (m *Transformer) adopt(s *model.Store) error { return adopt(m.Params(), &m.store, s) }

func (m *Transformer) noise() (*rng.Torch, int) {
	if m.config.Dropout != FromStream {
		return nil, 0
	}
	return m.config.Stream, m.masks()
}

// masks is how often a step drops.
func (m *Transformer) masks() int { return transformer.Masks(m.config.Layers) }
