package captioning

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

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
	// rule is the name of the update rule that the original trains the model with.
	rule() string
	// noise is the stream of the model's noise in training, and how many seeds a step draws from it; nil is none.
	noise() (stream *rng.Torch, seeds int)
	// variables is the store that holds the parameters and, after training, the solver's state.
	variables() *model.Store
	// adopt takes over the variables of a checkpoint.
	adopt(store *model.Store) error
}

func (m *RNN) lossGraph(params []*Node, features, captions, _ *Node) (*Node, []*Node) {
	return m.LossGraph(params, features, captions)
}

func (m *RNN) rule() string               { return "sgd" }
func (m *RNN) noise() (*rng.Torch, int)   { return nil, 0 }
func (m *RNN) variables() *model.Store    { return m.store }
func (m *RNN) adopt(s *model.Store) error { return adopt(m.Params(), &m.store, s) }

func (m *Transformer) lossGraph(params []*Node, features, captions, seeds *Node) (*Node, []*Node) {
	return m.LossGraph(params, features, captions, seeds)
}

func (m *Transformer) rule() string               { return "torch_adam" }
func (m *Transformer) variables() *model.Store    { return m.store }
func (m *Transformer) adopt(s *model.Store) error { return adopt(m.Params(), &m.store, s) }

func (m *Transformer) noise() (*rng.Torch, int) {
	return m.config.Stream, transformer.Masks(m.config.Layers)
}
